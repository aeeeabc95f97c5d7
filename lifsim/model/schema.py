"""The base of every model of a configuration file: strict scalar types, and rules across several keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import FrozenInstanceError
from types import FunctionType, MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Generic, Literal, Self, TypeVar, dataclass_transform

from pydantic_core import SchemaSerializer, SchemaValidator

from lifsim.errors import ToldError, shown
from lifsim.model.core import annotations_of, core_of_keys, hints_of, key_by_pydantic
from lifsim.model.keys import REQUIRED, AfterValidator, BeforeValidator, CoreSchema, Field, Key, key_of
from lifsim.units import parse_bytes, parse_hz

if TYPE_CHECKING:
    from pydantic_core.core_schema import ValidationInfo

KEYS_ALONE = "each key alone"
"""Validation context: judge every key by itself, and leave the rules across keys alone."""

OF_A_DOCUMENT = "of a document"
"""Validation context: faults are reported by `lifsim.config.validate`, which knows the line of each key."""

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
T = TypeVar("T")
R = TypeVar("R", bound=Callable[[Any], Broken])


class BrokenRulesError(ValueError):
    """Every rule across keys that one model breaks: (key within the model, '' for the model itself; message)."""

    def __init__(self, broken: Iterable[tuple[str, str]]) -> None:
        self.broken = tuple(broken)
        super().__init__("; ".join(f"{key}: {message}" if key else message for key, message in self.broken))


M = TypeVar("M", bound="Model")

UNKNOWN: Any = object()
"""Stands in a mapping of names for an entry with a faulty value."""


class UnknownKeyError(ToldError):
    """A key with a faulty value was read, of a model that is only partly known."""


def rule(method: R) -> R:
    """`method` of a model as a rule across its keys. Each rule is judged by itself, so that a fault of one key hides
    only the rules that read this key."""
    method.__dict__["is_rule"] = True
    return method


class _Once(Generic[T]):
    """An attribute of a model class that is made when it is first read."""

    def __init__(self, make: Callable[[type[Model]], T]) -> None:
        self._make = make
        self._made: dict[type[Model], T] = {}

    def __get__(self, model: object, kind: type[Model]) -> T:
        if kind not in self._made:
            self._made[kind] = self._make(kind)
        return self._made[kind]


def _rules_of(model: type[Model]) -> Sequence[str]:
    methods = {name: what for kind in reversed(model.__mro__) for name, what in vars(kind).items()}
    return [name for name, what in methods.items() if isinstance(what, FunctionType) and hasattr(what, "is_rule")]


def _keys_of(model: type[Model]) -> Mapping[str, Key]:
    found: dict[str, Key] = {}
    for base in reversed(model.__mro__):
        if base is not Model and issubclass(base, Model):
            for name, hint in hints_of(base).items():
                said = base._defaults.get(name, REQUIRED)
                if type(said).__module__.startswith("pydantic"):
                    found[name] = key_by_pydantic(hint, said)
                else:
                    found[name] = said.of(hint) if isinstance(said, Key) else Key(hint, said)
    return found


def _core_of(model: type[Model]) -> CoreSchema:
    schema = core_of_keys(model, model.model_fields, model.others)
    keep_rules = AfterValidator(model._keep_rules, with_info=True)
    return keep_rules.around(schema) if model.rules else schema


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(key_of,))
class Model:
    """Frozen, no unknown keys. Scalars are strict by their types: `on` is no flag, `true` no number. The constructor
    raises ValidationError with all faults of its keys.

    A model is complete, except if it stands for a faulty file (`lifsim.config.partial`): then reading an unknown key
    raises UnknownKeyError.
    """

    __slots__ = ("__dict__", "__pydantic_extra__", "__pydantic_fields_set__", "__pydantic_private__")

    renamed: ClassVar[Mapping[str, str]] = MappingProxyType({})
    """Keys of older files, and their present names."""

    others: ClassVar[Literal["forbid", "ignore"]] = "forbid"
    """How unknown keys are treated."""

    _defaults: ClassVar[Mapping[str, object]] = MappingProxyType({})
    """Keys that the model adds to those of its bases, by name."""

    model_fields = _Once(_keys_of)
    """Its keys by name, inherited ones first."""

    rules = _Once(_rules_of)
    """Names of its rules, inherited ones first."""

    core = _Once(_core_of)
    """The `pydantic_core` schema that checks it."""

    _validator = _Once(lambda model: SchemaValidator(model.core, {"title": model.__name__}))
    _serializer = _Once(lambda model: SchemaSerializer(model.core))

    def __init_subclass__(cls) -> None:
        """Remove defaults from the class, so that they do not stand in for unknown keys."""
        cls._defaults = {name: vars(cls)[name] for name in annotations_of(cls) if name in vars(cls)}
        for name in cls._defaults:
            delattr(cls, name)

    if not TYPE_CHECKING:

        def __init__(self, /, **values: Any) -> None:
            self._validator.validate_python(values, self_instance=self)

        def __getattr__(self, name: str) -> Any:
            """Called only for attributes that are missing."""
            if name in self.model_fields:
                raise UnknownKeyError(name)
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self)

        def __setattr__(self, name: str, value: object) -> None:
            raise FrozenInstanceError(f"cannot assign to {name!r}: {type(self).__name__} is frozen")

        def __delattr__(self, name: str) -> None:
            raise FrozenInstanceError(f"cannot delete {name!r}: {type(self).__name__} is frozen")

        def __eq__(self, other: object) -> bool:
            return vars(self) == vars(other) if type(self) is type(other) else NotImplemented

        def __iter__(self) -> Iterator[tuple[str, Any]]:
            """Its keys with their values."""
            return iter(vars(self).items())

        def __hash__(self) -> int:
            return hash((type(self), *vars(self).values()))

        def __repr__(self) -> str:
            return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in vars(self).items())})"

        def __getstate__(self) -> dict[str, Any]:
            return vars(self)

        def __setstate__(self, state: Mapping[str, Any]) -> None:
            vars(self).update(state)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> CoreSchema:
        """Within models of pydantic, too."""
        return cls.core

    @classmethod
    def model_validate(cls, data: object, *, context: str | None = None) -> Self:
        """`data`, a mapping, as this model. Raises ValidationError with all its faults."""
        made: Self = cls._validator.validate_python(data, context=context)
        return made

    @classmethod
    def unchecked(cls, values: Mapping[str, Any]) -> Self:
        """A model with exactly these `values`, unchecked."""
        made = object.__new__(cls)
        vars(made).update(values)
        return made

    @classmethod
    def model_construct(cls, **values: Any) -> Self:
        """A model with these values, and defaults for other keys that have one, unchecked."""
        defaults = {name: key.otherwise() for name, key in cls.model_fields.items() if not key.is_required()}
        return cls.unchecked(defaults | values)

    def model_copy(self, *, update: Mapping[str, Any] = MappingProxyType({})) -> Self:
        """A copy with these values replaced, unchecked."""
        return self.unchecked({**vars(self), **update})

    def model_dump(
        self, *, mode: str = "python", exclude: set[str] | None = None, exclude_none: bool = False
    ) -> dict[str, Any]:
        """Its values by key, without those to `exclude`; mode "json": as in JSON."""
        dumped: dict[str, Any] = self._serializer.to_python(self, mode=mode, exclude=exclude, exclude_none=exclude_none)
        return dumped

    def broken_rules(self) -> Broken:
        """(key, message) of each broken `rule`, as far as its keys are known."""
        for name in self.rules:
            with suppress(UnknownKeyError):
                yield from getattr(self, name)()

    def _keep_rules(self, info: ValidationInfo[Any]) -> Model:
        broken = () if info.context is KEYS_ALONE else tuple(self.broken_rules())
        if broken:
            raise BrokenRulesError(broken)
        return self


def model_of(name: str, keys: Mapping[str, Key], base: type[M]) -> type[M]:
    """A model class called `name`, with these keys besides those of its `base`."""
    hints = {of: key.hint for of, key in keys.items()}
    make: Any = type(base)
    made: type[M] = make(name, (base,), {"__annotations__": hints, "__module__": base.__module__, **keys})
    return made


def known(model: Model, key: str, otherwise: D) -> Any | D:
    """The value of `key` in `model`; `otherwise` if it is unknown."""
    return vars(model).get(key, otherwise)
