"""Documents into models: every fault of a file at once, with its line, as ``value must <rule>``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby, islice
from typing import Any, Generic, TypeVar

from pydantic_core import ErrorDetails, ValidationError

from lifsim.config.document import Document
from lifsim.config.file_kind import COMMON_KEYS, in_words, tree_kind
from lifsim.config.key_path import KeyPath
from lifsim.config.partial import known_part, rule_faults
from lifsim.config.places import choices_of, keyed, keys_of, place_of, renamed_in, tags_of
from lifsim.config.tags import WITHOUT_TAG, Guess, discriminator_of, guess, is_told, untold, with_tag
from lifsim.errors import Fault, InputError, did_you_mean, shown
from lifsim.lazy_dataclass import dataclass
from lifsim.model.schema import KEYS_ALONE, OF_A_DOCUMENT, Model
from lifsim.units import counted, noun_of

M = TypeVar("M", bound=Model)

MAX_FAULTS = 1000
"""Most faults that are reported, more than a person reads; a hostile file must not produce a message per byte."""

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
    "string_too_short": "must have at least {min_length} {characters}",
    "string_too_long": "must have at most {max_length} {characters}",
    "string_pattern_mismatch": "must match {pattern}",
    "none_required": "must be null",
    "model_type": "must be a mapping of keys",
    "model_attributes_type": "must be a mapping of keys",
    "dict_type": "must be a mapping of keys",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "too_short": "must have at least {min_length} {entries}, has {actual_length}",
    "too_long": "must have at most {max_length} {entries}, has {actual_length}",
}


@dataclass(frozen=True)
class Examined(Generic[M]):
    """A document as a model. model: complete, or, if there are faults, its valid part: reading another key raises
    UnknownKeyError. faults: all of them, in reading order, followed by those of other files from which it has parts.
    """

    model: M
    faults: tuple[Fault, ...]

    @property
    def whole(self) -> M:
        """The model, complete. Raises InputError with all faults."""
        if self.faults:
            raise InputError(self.faults)
        return self.model


def parse_model(model: type[M], document: Document, *, keys_alone: bool = False) -> M:
    """`document` as a `model`. Raises InputError with every fault of the document (`examine`).

    keys_alone: check each key by itself; the result may break rules across keys.
    """
    return examine(model, document, keys_alone=keys_alone).whole


def examine(model: type[M], document: Document, *, keys_alone: bool = False) -> Examined[M]:
    """The valid part of `document` as a `model`, with every fault: a faulty value or tag hides neither other keys nor
    the rules across valid ones."""
    try:
        parsed = model.model_validate(document.data, context=KEYS_ALONE if keys_alone else OF_A_DOCUMENT)
    except ValidationError:
        parsed, found = _examined_by_keys(model, document, keys_alone=keys_alone)
    else:
        found = []
    faults = *document.faults, *document.untold(found)
    return Examined(parsed, in_reading_order(faults, document.source))


def in_reading_order(faults: Iterable[Fault], own: str) -> tuple[Fault, ...]:
    """Each fault once: those of the file `own`, then those of other files, then those without a line."""

    def order(fault: Fault) -> tuple[bool, bool, int, int]:
        return fault.line is None, fault.source != own, fault.line or 0, fault.column or 0

    return tuple(sorted(dict.fromkeys(faults), key=order))


def _examined_by_keys(model: type[M], document: Document, *, keys_alone: bool) -> tuple[M, list[Fault]]:
    """The valid part of a faulty document, and the faults. A file of another kind is not quoted, nor are the keys of
    one that another file has named."""
    if _is_foreign(model, document):
        return known_part(model, None, {()}), [document.fault((), _foreign(model, document.data))]
    faults = []
    data, guesses = document.data, dict[KeyPath, Guess]()
    errors = _errors(model, data)
    while wrong := [one for one in errors if one["type"] in WITHOUT_TAG]:
        for details in wrong:
            faults.append(_fault(model, document, data, details))
            meant = guess(model, data, details)
            guesses[meant.path] = meant
            data = with_tag(data, meant.path, discriminator_of(details), meant.tag)
        errors = _errors(model, data)
    places = {index: place_of(model, data, details).path for index, details in enumerate(errors)}
    told = [one for index, one in enumerate(errors) if is_told(one, places[index], guesses)]
    faults += _told(model, document, data, told)
    faulty = set(places.values()).union(*(untold(one) for one in guesses.values()))
    parsed = known_part(model, data, faulty)
    if not keys_alone:
        broken = islice(rule_faults(parsed), MAX_FAULTS)
        faults += [document.fault(path, message) for path, message in broken]
    return parsed, faults


def _foreign(model: type[Model], data: Any) -> str:
    if isinstance(data, dict):
        return f"must have keys of this kind of file: {', '.join(keys_of((model,)))}{in_words(tree_kind(data))}"
    return f"{shown(data) if isinstance(data, list) or data is None else 'a single value'} must be a mapping of keys"


def _is_foreign(model: type[Model], document: Document) -> bool:
    """Whether a document is of another kind: no mapping, or without any key of the model, except keys that many kinds
    of files have."""
    data = document.data
    if not isinstance(data, dict):
        return True
    common = COMMON_KEYS if tree_kind(data) else ()
    return bool(data) and not any(key in keyed(model) and key not in common for key in data)


def _errors(model: type[Model], data: Any) -> list[ErrorDetails]:
    """The errors of each key by itself."""
    try:
        model.model_validate(data, context=KEYS_ALONE)
    except ValidationError as error:
        return error.errors()
    return []


def _told(model: type[Model], document: Document, data: Any, errors: list[ErrorDetails]) -> Iterator[Fault]:
    strange = [one for one in errors if _is_strange(model, document, data, one)]
    yield from _strange_keys(model, document, data, strange)
    for details in [one for one in errors if one not in strange][:MAX_FAULTS]:
        if not _is_consequence(model, data, details):
            yield _fault(model, document, data, details)
    if len(errors) > MAX_FAULTS:
        yield Fault(f"has {counted(len(errors) - MAX_FAULTS, 'more fault')}", source=document.source)


def _is_strange(model: type[Model], document: Document, data: Any, details: ErrorDetails) -> bool:
    """Whether it is an unknown top-level key of a file that this one has named: that may be any file, and its keys
    confidential."""
    if details["type"] != "extra_forbidden":
        return False
    path = place_of(model, data, details).path
    mark = document.mark(path)
    outside = any(document.mark(path[:-depth]).source != mark.source for depth in (1, 2) if len(path) >= depth)
    return mark.line is not None and mark.source != document.source and outside


def _strange_keys(model: type[Model], document: Document, data: Any, errors: list[ErrorDetails]) -> Iterator[Fault]:
    """How many unknown keys each file has, and the place of the first."""
    marks = sorted(
        (document.mark(place_of(model, data, one).path) for one in errors),
        key=lambda mark: (mark.source, mark.line or 0, mark.column or 0),
    )
    for source, found in groupby(marks, key=lambda mark: mark.source):
        first, *others = found
        many = (
            f"{1 + len(others)} keys that are not known, the first of them here" if others else "a key not known here"
        )
        yield Fault(f"must have no other keys than its own kind, has {many}", "", source, first.line, first.column)


def _is_consequence(model: type[Model], data: Any, details: ErrorDetails) -> bool:
    """Whether an error follows from other faults: pydantic counts only the valid entries of a list, and the others have
    faults of their own."""
    if details["type"] != "too_short":
        return False
    value = place_of(model, data, details).value
    return isinstance(value, list) and len(value) >= details["ctx"]["min_length"]


def _fault(model: type[Model], document: Document, data: Any, details: ErrorDetails) -> Fault:
    place = place_of(model, data, details)
    path, value = place.path, place.value
    kind, context = details["type"], dict(details.get("ctx", {}))
    if "actual_length" in context and isinstance(value, dict):
        context["actual_length"] = len(value)  # pydantic does not count what a mapping has too many of
    if place.of_key:
        return document.fault(path, f"is no valid key: {shown(path[-1])} {_rule(kind, context, details['msg'])}")
    match kind:
        case "missing":
            message = "must be given"
        case "extra_forbidden":
            now = renamed_in(place.around).get(str(path[-1]))
            message = f"is {now}" if now else "is not a known key" + did_you_mean(path[-1], keys_of(place.around))
        case "literal_error" | "enum":
            choices = choices_of(place.kinds) or [str(context["expected"])]
            message = f"{shown(value)} must be {_one_of(choices)}{_nearest(value, choices)}"
        case "union_tag_invalid":
            path = (*path, discriminator_of(details))
            choices = list(tags_of(place.kinds, discriminator_of(details)))
            message = f"{shown(context['tag'])} must be {_one_of(choices)}{_nearest(context['tag'], choices)}"
        case "union_tag_not_found":
            path = (*path, discriminator_of(details))
            message = "must be given"
        case "value_error" | "assertion_error":
            message = str(context["error"])
        case _:
            message = f"{shown(value)} {_rule(kind, context, details['msg'])}"
    return document.fault(path, message)


def _rule(kind: str, context: Mapping[str, Any], message: str) -> str:
    if kind not in _RULES:
        return f"must be valid: {message[:1].lower()}{message[1:]}"
    limits = {name: f"{limit:g}" if isinstance(limit, float) else limit for name, limit in context.items()}
    length = context.get("min_length", context.get("max_length", 0))
    limits |= {"characters": noun_of(length, "character"), "entries": noun_of(length, "entry")}
    return _RULES[kind].format_map(limits)


def _one_of(choices: list[str]) -> str:
    return choices[0] if len(choices) == 1 else f"one of {', '.join(choices)}"


def _nearest(value: object, choices: list[str]) -> str:
    hint = did_you_mean(value, choices) if isinstance(value, str) else ""
    return hint if "did you mean" in hint else ""
