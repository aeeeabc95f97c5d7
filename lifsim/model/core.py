"""Schemas of `pydantic_core`, which checks what files say, for the types with which models are annotated.

pydantic builds the same schemas, but importing it and building them takes a fifth of a whole run. So it is used only
for annotations that are not known here, such as those of other packages.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from lifsim.model.keys import REQUIRED, AfterValidator, CoreSchema, Field, Function, Key

SCALARS: Mapping[Any, str] = {int: "int", float: "float", bool: "bool", str: "str", NoneType: "none", Any: "any"}

PATH: CoreSchema = {
    "type": "union",
    "choices": [
        {"type": "is-instance", "cls": Path},
        AfterValidator(Path).around({"type": "str", "strict": True}),
    ],
    "custom_error_type": "path_type",
    "custom_error_message": "Input is not a valid path",
    "serialization": {"type": "to-string", "when_used": "json"},
}


def core_of(kind: Any) -> CoreSchema:
    """The schema of values of `kind`."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _annotated(kind)
    if origin is Literal:
        return {"type": "literal", "expected": [*arguments]}
    if origin in (Union, UnionType):
        return _union(arguments)
    if origin is tuple:
        items = [core_of(argument) for argument in arguments if argument is not Ellipsis]
        many = {"variadic_item_index": 0} if arguments[-1] is Ellipsis else {}
        return {"type": "tuple", "items_schema": items, **many}
    if origin is list:
        return {"type": "list", "items_schema": core_of(arguments[0])}
    if origin is dict:
        return {"type": "dict", "keys_schema": core_of(arguments[0]), "values_schema": core_of(arguments[1])}
    if kind is Path:
        return PATH
    if kind in SCALARS:
        return {"type": SCALARS[kind]}
    return kind.core if hasattr(kind, "core") else _by_pydantic(kind)


def core_of_keys(model: type[Any], keys: Mapping[str, Key], others: str) -> CoreSchema:
    """The schema of `model` with these keys; others: how unknown keys are treated."""
    fields = {name: key.within(core_of(key.hint)) for name, key in keys.items()}
    return {
        "type": "model",
        "cls": model,
        "schema": {"type": "model-fields", "fields": fields, "model_name": model.__name__},
        "config": {"title": model.__name__, "extra_fields_behavior": others},
    }


def key_by_pydantic(hint: Any, said: Any) -> Key:
    """A key whose default, in another package, is a `Field` of pydantic."""
    words = (*said.metadata, *([Field(discriminator=said.discriminator)] if said.discriminator else []))
    default = REQUIRED if said.is_required() or said.default_factory is not None else said.default
    return Key(Annotated[hint, *words] if words else hint, default, said.default_factory, said.validation_alias)


def annotations_of(model: type[Any]) -> Mapping[str, Any]:
    """The annotations of the keys that `model` adds to those of its bases."""
    said: Mapping[str, Any] = vars(model).get("__annotations__", {})
    return {name: hint for name, hint in said.items() if "ClassVar" not in str(hint)}


def hints_of(model: type[Any]) -> Mapping[str, Any]:
    """`annotations_of`, evaluated: most are the name of a type."""
    names = vars(sys.modules[model.__module__])
    return {
        name: names[hint] if hint in names else eval(hint, names) if isinstance(hint, str) else hint  # noqa: S307
        for name, hint in annotations_of(model).items()
    }


def _annotated(kind: Any) -> CoreSchema:
    words = kind.__metadata__
    if not all(isinstance(word, Field | Function) for word in words):
        return _by_pydantic(kind)
    tags = [word.discriminator for word in words if isinstance(word, Field) and word.discriminator]
    schema = _tagged(get_args(kind.__origin__), tags[0]) if tags else core_of(kind.__origin__)
    for word in words:
        schema = word.around(schema)
    return schema


def _union(kinds: tuple[Any, ...]) -> CoreSchema:
    choices = [core_of(kind) for kind in kinds if kind is not NoneType]
    one = choices[0] if len(choices) == 1 else {"type": "union", "choices": choices}
    return {"type": "nullable", "schema": one} if NoneType in kinds else one


def _tagged(models: tuple[Any, ...], tag: str) -> CoreSchema:
    """The schema of whichever of `models` has the given value for the key `tag`."""
    choices = {value: core_of(model) for model in models for value in get_args(model.model_fields[tag].annotation)}
    return {"type": "tagged-union", "discriminator": models[0].model_fields[tag].alias or tag, "choices": choices}


def _by_pydantic(kind: Any) -> CoreSchema:
    from pydantic import TypeAdapter

    schema: Any = TypeAdapter(kind).core_schema
    return dict(schema)
