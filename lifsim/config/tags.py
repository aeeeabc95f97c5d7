"""Guesses the operation of a layer whose `op` is wrong, so that its other keys are checked, too."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from pydantic_core import ErrorDetails

from lifsim.config.key_path import KeyPath
from lifsim.config.places import Kinds, keys_of, place_of, tags_of
from lifsim.errors import nearest
from lifsim.lazy_dataclass import dataclass
from lifsim.model.schema import Model

WITHOUT_TAG = ("union_tag_invalid", "union_tag_not_found")


@dataclass(frozen=True)
class Guess:
    """A guess of what the mapping at `path` is: the kind whose `key` has this `tag`. sure: its own tag is a
    misspelling; else only its keys tell, so that no key is missing, and keys of any of the `kinds` are known."""

    path: KeyPath
    key: str
    tag: str
    sure: bool
    kinds: Kinds


def discriminator_of(details: ErrorDetails) -> str:
    """The key of the tag: pydantic names it 'field', or 'field' | 'key' if the file has another key for it."""
    return str(details["ctx"]["discriminator"]).rpartition("|")[2].strip(" '")


def guess(model: type[Model], data: Any, details: ErrorDetails) -> Guess:
    """What the mapping of an error `WITHOUT_TAG` was meant to be: by its tag, if it is close to a valid one, else by
    its keys."""
    place, key = place_of(model, data, details), discriminator_of(details)
    tags = tags_of(place.kinds, key)
    given = place.value.get(key)
    near = nearest(given, tags) if isinstance(given, str) else None
    if near is not None:
        return Guess(place.path, key, near, sure=True, kinds=place.kinds)
    best = max(tags, key=lambda tag: _likeness(place.value, tags[tag]))
    return Guess(place.path, key, best, sure=False, kinds=place.kinds)


def with_tag(data: Any, path: KeyPath, key: str, tag: str) -> Any:
    """A copy of `data` in which the mapping at `path` has the tag."""
    changed = copy.copy(data)
    if path:
        changed[path[0]] = with_tag(data[path[0]], path[1:], key, tag)
    else:
        changed[key] = tag
    return changed


def is_told(details: ErrorDetails, path: KeyPath, guesses: Mapping[KeyPath, Guess]) -> bool:
    """Whether an error at `path` holds, whatever the mapping around it was meant to be."""
    around = guesses.get(path[:-1])
    if around is None or around.sure:
        return True
    if details["type"] == "extra_forbidden":
        return path[-1] not in keys_of(around.kinds)
    return details["type"] != "missing"


def untold(meant: Guess) -> set[KeyPath]:
    """The keys about which nothing can be said while the kind of the mapping is not sure: those that some kind lacks,
    and the tag."""
    if meant.sure:
        return set()
    common = set.intersection(*(set(keys_of((kind,))) for kind in meant.kinds)) - {meant.key}
    return {(*meant.path, key) for key in keys_of(meant.kinds) if key not in common}


def _likeness(value: Mapping[str, Any], model: type[Model]) -> int:
    """How many of the keys `model` has, more than it has not."""
    known = keys_of((model,))
    return sum(1 if key in known else -1 for key in value)
