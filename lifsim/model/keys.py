"""What models say of their keys, in pydantic's words: bounds and functions in `Annotated`, aliases and factories by
`key_of`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar, Final

from pydantic_core import PydanticKnownError

from lifsim.lazy_dataclass import dataclass

CoreSchema = dict[str, Any]
"""What `pydantic_core` takes for a schema."""

REQUIRED: Final[Any] = object()
"""The default of a key that must be given."""


class _Word:
    """What stands in `Annotated`."""

    def around(self, schema: CoreSchema) -> CoreSchema:
        """`schema` with it."""
        raise NotImplementedError

    def __get_pydantic_core_schema__(self, kind: Any, schema_of: Callable[[Any], CoreSchema]) -> CoreSchema:
        """To pydantic it says the same."""
        return self.around(schema_of(kind))


@dataclass(frozen=True)
class Field(_Word):
    """The bounds of a value, as those of pydantic's. strict: it is of no other type; discriminator: the key by
    which the models of a union are told apart. What may be None as well is bounded where it is not."""

    strict: bool | None = None
    ge: float | None = None
    gt: float | None = None
    le: float | None = None
    lt: float | None = None
    allow_inf_nan: bool | None = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    discriminator: str | None = None

    def around(self, schema: CoreSchema) -> CoreSchema:
        """What is bounded is of the type already. Raises TypeError behind a function that makes something of it."""
        if schema["type"] == "nullable":
            return {**schema, "schema": self.around(schema["schema"])}
        if schema["type"] == "function-before":
            return self._behind(schema)
        if schema["type"].startswith("function-"):
            raise TypeError(f"{self!r} must stand before {schema['function']['function']!r}, which makes the value")
        bounds = {name: bound for name, bound in vars(self).items() if bound is not None and name != "discriminator"}
        return {**schema, **bounds}

    def _behind(self, schema: CoreSchema) -> CoreSchema:
        """What is long is measured when all that is in it is good: whoever gave one value gave no list of none."""
        within = replace(self, min_length=None, max_length=None)
        bounded = {**schema, "schema": within.around(schema["schema"])}
        if self.min_length is None and self.max_length is None:
            return bounded
        return AfterValidator(partial(_of_length, self.min_length or 0, self.max_length)).around(bounded)


@dataclass(frozen=True)
class Function(_Word):
    """What is asked beside the type. It raises ValueError with what is wrong. with_info: it is told the context, too,
    and the keys above."""

    function: Callable[..., Any]
    with_info: bool = False

    kind: ClassVar[str]

    def around(self, schema: CoreSchema) -> CoreSchema:
        """It is called before or after what is asked of `schema`."""
        called = {"type": "with-info" if self.with_info else "no-info", "function": self.function}
        return {"type": f"function-{self.kind}", "function": called, "schema": schema}


class BeforeValidator(Function):
    """What it makes of a value must be of the type."""

    kind = "before"


class AfterValidator(Function):
    """It makes the value, of one that is of the type."""

    kind = "after"


class PlainValidator(Function):
    """It alone judges."""

    kind = "plain"

    def around(self, schema: CoreSchema) -> CoreSchema:
        """Whatever `schema` asks."""
        return {name: part for name, part in super().around(schema).items() if name != "schema"}


def _of_length(least: int, most: int | None, value: Any) -> Any:
    """`value`. Raises PydanticKnownError if it is shorter or longer."""
    told = {"field_type": "Value", "actual_length": len(value)}
    if len(value) < least:
        raise PydanticKnownError("too_short", {**told, "min_length": least})
    if most is not None and len(value) > most:
        raise PydanticKnownError("too_long", {**told, "max_length": most})
    return value


@dataclass(frozen=True)
class Key:
    """A key of a model. hint: what it is annotated with; alias: what files call it, if not by its name."""

    hint: Any = None
    default: Any = REQUIRED
    default_factory: Callable[[], Any] | None = None
    alias: str | None = None

    @property
    def annotation(self) -> Any:
        """The type, without what `Annotated` says beside it."""
        return self.hint.__origin__ if hasattr(self.hint, "__metadata__") else self.hint

    def of(self, hint: Any) -> Key:
        """The same with that annotation."""
        return Key(hint, self.default, self.default_factory, self.alias)

    def is_required(self) -> bool:
        """Whether it must be given."""
        return self.default is REQUIRED and self.default_factory is None

    def otherwise(self) -> Any:
        """Its value where it is not given."""
        return self.default if self.default_factory is None else self.default_factory()

    def within(self, schema: CoreSchema) -> CoreSchema:
        """`schema`, that of its values, within that of a model."""
        if self.default_factory is not None:
            schema = {"type": "default", "schema": schema, "default_factory": self.default_factory}
        elif not self.is_required():
            schema = {"type": "default", "schema": schema, "default": self.default}
        return {"type": "model-field", "schema": schema} | ({"validation_alias": self.alias} if self.alias else {})


def key_of(
    *, default: Any = REQUIRED, default_factory: Callable[[], Any] | None = None, alias: str | None = None
) -> Any:  # it stands for a value of any type
    """In the place of a key's default."""
    return Key(None, default, default_factory, alias)
