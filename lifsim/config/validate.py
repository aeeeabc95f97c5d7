"""Documents into models: every fault of a file at once, where it stands, as ``value must <rule>``."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from lifsim.config.document import Document, KeyPath
from lifsim.config.schema import KEYS_ALONE, BrokenRulesError
from lifsim.errors import Fault, InputError, did_you_mean, shown

M = TypeVar("M", bound=BaseModel)

MAX_FAULTS = 1000
"""More than a person reads; a hostile file must not make a message out of each of its bytes."""

_RULES = {
    "greater_than": "must be > {gt}",
    "greater_than_equal": "must be >= {ge}",
    "less_than": "must be < {lt}",
    "less_than_equal": "must be <= {le}",
    "multiple_of": "must be a multiple of {multiple_of}",
    "finite_number": "must be finite",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a whole number of sensible size",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "string_type": "must be text (in quotes, if it looks like a number)",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "string_pattern_mismatch": "must match {pattern}",
    "none_required": "must be null",
    "model_type": "must be a mapping of keys",
    "model_attributes_type": "must be a mapping of keys",
    "dict_type": "must be a mapping of keys",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "too_short": "must have at least {min_length} entries, has {actual_length}",
    "too_long": "must have at most {max_length} entries, has {actual_length}",
}


def parse_model(model: type[M], document: Document, *, keys_alone: bool = False) -> M:
    """`document` as a `model`. Raises InputError with every fault of the document, in reading order, and
    behind them those of other files that it has parts of.

    keys_alone: each key is judged by itself, without the rules across keys: what comes back may break them.
    """
    try:
        parsed = model.model_validate(document.data, context=KEYS_ALONE if keys_alone else None)
    except ValidationError as error:
        found = list(_all_faults(model, document, error.errors()))
    else:
        found = []
        if not document.faults:
            return parsed
    known = {(fault.path, fault.line, fault.column) for fault in document.faults}
    faults = [*document.faults, *(fault for fault in found if (fault.path, fault.line, fault.column) not in known)]
    own = document.source
    raise InputError(
        sorted(dict.fromkeys(faults), key=lambda f: (f.line is None, f.source != own, f.line or 0, f.column or 0))
    )


def _all_faults(model: type[BaseModel], document: Document, errors: list[ErrorDetails]) -> Iterator[Fault]:
    for details in errors[:MAX_FAULTS]:
        yield from _faults(model, document, details)
    if len(errors) > MAX_FAULTS:
        yield Fault(f"has {len(errors) - MAX_FAULTS} more faults", source=document.source)


def _faults(model: type[BaseModel], document: Document, details: ErrorDetails) -> Iterator[Fault]:
    path, value = _locate(document.data, details)
    kind, context = details["type"], dict(details.get("ctx", {}))
    if "discriminator" in context:  # 'field', or 'field' | 'key' where the file has another key for it
        context["discriminator"] = context["discriminator"].rpartition("|")[2].strip(" '")
    if isinstance(context.get("error"), BrokenRulesError):
        for key, message in context["error"].broken:
            inner = (*path, *_keys(key))
            yield document.fault(inner, message)
        return
    match kind:
        case "too_short" if isinstance(value, list) and len(value) >= context["min_length"]:
            return  # pydantic counts the good entries only; the bad ones have faults of their own
        case "missing":
            message = "must be given"
        case "extra_forbidden":
            message = "is not a known key" + did_you_mean(path[-1], _fields(model, details["loc"][:-1]))
        case "literal_error" | "enum":
            choices = _choices(model, details["loc"]) or [str(context["expected"])]
            message = f"{shown(value)} must be {_one_of(choices)}{_nearest(value, choices)}"
        case "union_tag_invalid":
            choices = [tag.strip(" '") for tag in str(context["expected_tags"]).split(",")]
            message = f"{shown(context['tag'])} must be {_one_of(choices)}{_nearest(context['tag'], choices)}"
            path = (*path, context["discriminator"])
        case "union_tag_not_found":
            message = "must be given"
            path = (*path, context["discriminator"])
        case "value_error" | "assertion_error":
            message = str(context["error"])
        case _ if kind in _RULES:
            limits = {name: f"{limit:g}" if isinstance(limit, float) else limit for name, limit in context.items()}
            message = f"{shown(value)} {_RULES[kind].format_map(limits)}"
        case _:
            message = f"{shown(value)} must be valid: {details['msg'][:1].lower()}{details['msg'][1:]}"
    yield document.fault(path, message)


def _locate(data: Any, details: ErrorDetails) -> tuple[KeyPath, Any]:
    """The key path of an error, without the tags of unions that pydantic puts into its `loc`, and the value there."""
    path: list[str | int] = []
    value = data
    for position, part in enumerate(details["loc"], start=1):
        if _leads_on(value, part):
            value = value[part]
        elif not (position == len(details["loc"]) and details["type"] == "missing"):
            continue
        path.append(part)
    return tuple(path), value


def _leads_on(value: Any, part: str | int) -> bool:
    if isinstance(value, Mapping):
        return part in value
    return isinstance(value, list | tuple) and isinstance(part, int) and part < len(value)


def _keys(key: str) -> KeyPath:
    return tuple(int(part) if part.isdigit() else part for part in key.split(".")) if key else ()


def _fields(model: type[BaseModel], loc: tuple[str | int, ...]) -> list[str]:
    """The valid keys of the model that stands at `loc`."""
    return [str(key) for kind in _types_at(model, loc) if _is_model(kind) for key in _keyed(kind)]


def _choices(model: type[BaseModel], loc: tuple[str | int, ...]) -> list[str]:
    """The values that the type at `loc` may have, where it is a choice."""
    return [str(choice) for kind in _types_at(model, loc) if get_origin(kind) is Literal for choice in get_args(kind)]


def _types_at(model: type[BaseModel], loc: tuple[str | int, ...]) -> list[Any]:
    """The types that the schema has at `loc`; several where a union does not say which."""
    found: list[Any] = [model]
    for part in loc:
        inner = [kind for outer in found for kind in _members(outer, part)]
        found = inner or found  # a part that leads nowhere is the tag of a union
    return found


def _members(kind: Any, part: str | int) -> list[Any]:
    if _is_model(kind):
        fields = _keyed(kind)
        return _alternatives(fields[part].annotation) if part in fields else []
    arguments = [argument for argument in get_args(kind) if argument is not Ellipsis]
    if get_origin(kind) in (tuple, list) and isinstance(part, int):
        return _alternatives(arguments[min(part, len(arguments) - 1)])
    if get_origin(kind) is dict:
        return _alternatives(arguments[1])
    return []


def _keyed(kind: type[BaseModel]) -> dict[str | int, FieldInfo]:
    """The fields of a model by the keys that files have for them."""
    return {field.alias or name: field for name, field in kind.model_fields.items()}


def _alternatives(kind: Any) -> list[Any]:
    if get_origin(kind) is Annotated:
        return _alternatives(get_args(kind)[0])
    if get_origin(kind) in (Union, types.UnionType):
        return [one for argument in get_args(kind) for one in _alternatives(argument)]
    return [kind]


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _one_of(choices: list[str]) -> str:
    return choices[0] if len(choices) == 1 else f"one of {', '.join(choices)}"


def _nearest(value: object, choices: list[str]) -> str:
    hint = did_you_mean(value, choices) if isinstance(value, str) else ""
    return hint if "did you mean" in hint else ""
