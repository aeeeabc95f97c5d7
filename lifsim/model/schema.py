"""What every model of a configuration file is made of: strict scalar types and rules that span several keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cache
from types import FunctionType, MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, model_validator

from lifsim.errors import shown
from lifsim.units import parse_bytes, parse_hz

KEYS_ALONE = "each key alone"
"""Validation context: judge every key by itself, and leave the rules across keys alone."""

OF_A_DOCUMENT = "of a document"
"""Validation context: what is wrong is told by `lifsim.config.validate`, which knows where each key stands."""

Flag = Annotated[bool, Field(strict=True)]
Text = Annotated[str, Field(strict=True, min_length=1, max_length=10_000)]


def _one_line(text: str) -> str:
    if not text.isprintable():
        raise ValueError(f"{shown(text)} must be one line of printable text")
    return text


Name = Annotated[str, Field(strict=True, min_length=1, max_length=100), AfterValidator(_one_line)]
Count = Annotated[int, Field(ge=1, le=1 << 20, strict=True)]
Cycles = Annotated[int, Field(ge=0, le=1 << 20, strict=True)]
Bits = Annotated[int, Field(ge=1, le=64, strict=True)]
Bytes = Annotated[int, BeforeValidator(parse_bytes), Field(ge=0, le=1 << 50)]
Hertz = Annotated[int, BeforeValidator(parse_hz), Field(gt=0, le=10**12)]
Cost = Annotated[float, Field(allow_inf_nan=False, ge=0, le=1e15, strict=True)]

Broken = Iterator[tuple[str, str]]
"""(key, message) of each rule across keys that does not hold; a key may be dotted, '' is the model itself."""

D = TypeVar("D")
R = TypeVar("R", bound=Callable[[Any], Broken])


class BrokenRulesError(ValueError):
    """Every rule across keys that one model breaks: (key within the model, '' for the model itself; message)."""

    def __init__(self, broken: Iterable[tuple[str, str]]) -> None:
        self.broken = tuple(broken)
        super().__init__("; ".join(f"{key}: {message}" if key else message for key, message in self.broken))


UNKNOWN: Any = object()
"""Stands in a mapping of names for an entry whose value has a fault of its own."""


class UnknownKeyError(Exception):
    """A key of a model that is known in part only was read: its value has a fault of its own."""


def rule(method: R) -> R:
    """`method` of a model as a rule across its keys. Each rule is judged by itself, so that a fault of one key hides
    only the rules that read this key."""
    method.__dict__["is_rule"] = True
    return method


class Model(BaseModel):
    """Frozen, no unknown keys. Scalars are strict by their types: `on` is no flag, `true` no number.

    A model is whole, but where it stands for a file with faults (`lifsim.config.partial`): then reading a key that is
    not known raises UnknownKeyError.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)  # a part is built with its whole

    renamed: ClassVar[Mapping[str, str]] = MappingProxyType({})
    """Keys that older files have, and what stands for them now."""

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Only what is not there is looked for here."""
            if name in type(self).model_fields:
                raise UnknownKeyError(name)
            return super().__getattr__(name)

    def broken_rules(self) -> Broken:
        """(key, message) of each `rule` that does not hold, as far as its keys are known."""
        for name in _rules_of(type(self)):
            with suppress(UnknownKeyError):
                yield from getattr(self, name)()

    @model_validator(mode="after")
    def _keep_rules(self, info: ValidationInfo) -> Model:
        broken = () if info.context is KEYS_ALONE else tuple(self.broken_rules())
        if broken:
            raise BrokenRulesError(broken)
        return self


def known(model: Model, key: str, otherwise: D) -> Any | D:
    """What `model` has for `key`; `otherwise` where that is not known."""
    return vars(model).get(key, otherwise)


@cache
def _rules_of(model: type[Model]) -> tuple[str, ...]:
    """Names of the rules of `model`, those that it inherits first."""
    methods = {name: what for kind in reversed(model.__mro__) for name, what in vars(kind).items()}
    return tuple(name for name, what in methods.items() if isinstance(what, FunctionType) and hasattr(what, "is_rule"))
