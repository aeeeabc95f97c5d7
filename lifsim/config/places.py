"""The place of an error of pydantic, in the document and in the schema."""

from __future__ import annotations

import types
from collections.abc import Iterable
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic_core import ErrorDetails

from lifsim.config.key_path import KeyPath, reaches
from lifsim.lazy_dataclass import dataclass
from lifsim.model.keys import Key
from lifsim.model.schema import Model

Kinds = tuple[Any, ...]
"""The types that a value may have; several if a union does not say which."""


@dataclass(frozen=True)
class Place:
    """path: the keys that lead to it in the document; value: the value there, or the mapping around it if the key is
    missing; kinds: its types in the schema; around: those of the mapping or list around it. of_key: the error is about
    the key, not its value."""

    path: KeyPath
    value: Any
    kinds: Kinds
    around: Kinds = ()
    of_key: bool = False


def place_of(model: type[Model], data: Any, details: ErrorDetails) -> Place:
    """The place of one error. Its `loc` has, beside keys, the tags of unions and pydantic's names of their members."""
    place = Place((), data, (model,))
    for position, part in enumerate(details["loc"], start=1):
        is_last = position == len(details["loc"])
        members = _tagged(place.kinds, part)
        inner = tuple(kind for outer in place.kinds for kind in _members(outer, part))
        if members:
            place = Place(place.path, place.value, members, place.around)
        elif is_last and part == "[key]":
            place = Place(place.path, place.value, place.kinds, place.around, of_key=True)
        elif reaches(place.value, part):
            place = Place((*place.path, part), place.value[part], inner, place.kinds)
        elif is_last and details["type"] == "missing":
            place = Place((*place.path, part), place.value, inner, place.kinds)
    return place


def keys_of(kinds: Iterable[Any]) -> list[str]:
    """The valid keys of models, each once."""
    return list(dict.fromkeys(str(key) for kind in kinds if is_model(kind) for key in keyed(kind)))


def renamed_in(kinds: Iterable[Any]) -> dict[str, str]:
    """Former keys of models, with their present names."""
    return {key: now for kind in kinds if is_model(kind) for key, now in getattr(kind, "renamed", {}).items()}


def choices_of(kinds: Iterable[Any]) -> list[str]:
    """The values of a choice."""
    return [str(choice) for kind in kinds if get_origin(kind) is Literal for choice in get_args(kind)]


def tags_of(kinds: Iterable[Any], discriminator: str) -> dict[str, type[Model]]:
    """The members of a union by their tags, the values that the key `discriminator` may have."""
    found: dict[str, type[Model]] = {}
    for kind in kinds:
        if is_model(kind) and discriminator in keyed(kind):
            found |= dict.fromkeys(choices_of(alternatives(keyed(kind)[discriminator].annotation)), kind)
    return found


def keyed(model: type[Model]) -> dict[str | int, Key]:
    """The fields of a model by the keys that files have for them."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def alternatives(kind: Any) -> Kinds:
    """The members of a union, of any depth; of any other type itself."""
    if get_origin(kind) is Annotated:
        return alternatives(get_args(kind)[0])
    if get_origin(kind) in (Union, types.UnionType):
        return tuple(one for argument in get_args(kind) for one in alternatives(argument))
    return (kind,)


def is_model(kind: Any) -> bool:
    """Whether the schema has a mapping with fixed keys there."""
    return isinstance(kind, type) and issubclass(kind, Model)


def _tagged(kinds: Kinds, tag: object) -> Kinds:
    """The members of a union of models that `tag` means; () if there is no union or no such member."""
    models = [kind for kind in kinds if is_model(kind)]
    if len(models) < 2:
        return ()
    return tuple(
        model
        for model in models
        if any(tag in choices_of(alternatives(field.annotation)) for field in model.model_fields.values())
    )


def _members(kind: Any, part: str | int) -> Kinds:
    """The types of the key or position `part` of a `kind`."""
    if is_model(kind):
        fields = keyed(kind)
        return alternatives(fields[part].annotation) if part in fields else ()
    arguments = [argument for argument in get_args(kind) if argument is not Ellipsis]
    if get_origin(kind) in (tuple, list) and isinstance(part, int):
        return alternatives(arguments[min(part, len(arguments) - 1)])
    if get_origin(kind) is dict:
        return alternatives(arguments[1])
    return ()
