"""Run-time checks of annotations, for values that other packages' code returns: no type checker has seen it."""

from __future__ import annotations

import collections.abc
import math
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from fractions import Fraction
from operator import is_
from typing import Any, Protocol, Self, TypeAlias, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np

from lifsim.contract import methods_of

Check: TypeAlias = Callable[[Any], Any]
"""Returns the value to pass on: the same one, or a checked wrapper of an iterator or function. Raises UnkeptError."""

MOST = 1 << 62
"""Whole numbers are cycles, elements and the like; sums of them must fit 64 bits."""

COUNT = "a whole number from 0 to 2**62"


class UnkeptError(Exception):
    """A value is not what was promised. must: what was promised; found: what the value is."""

    def __init__(self, must: str, found: str) -> None:
        super().__init__(must, found)
        self.must, self.found = must, found


class Watcher(Protocol):
    """Checks later what cannot be checked at once."""

    def adopt(self, found: type[Any], promised: type[Any]) -> None:
        """Check the methods of the class `found`, which was promised to be like `promised`."""
        ...

    def called(self, function: Callable[..., Any], check: Check) -> Callable[..., Any]:
        """A function whose results are checked."""
        ...

    def walked(self, entries: Iterable[Any], check: Check) -> Iterator[Any]:
        """An iterator whose entries are checked."""
        ...


def shown(value: object) -> str:
    """A value in a few words; its own repr may be endless, or fail."""
    if isinstance(value, np.ndarray):
        return f"an array {list(value.shape)} of {value.dtype}"
    if isinstance(value, tuple) and type(value).__repr__ is tuple.__repr__:
        return f"({', '.join(map(shown, value[:4]))}{', ...' if len(value) > 4 else ''})"
    if is_dataclass(value) and not isinstance(value, type):
        parts = ", ".join(f"{each.name}={shown(getattr(value, each.name))}" for each in fields(value))
        return f"{type(value).__name__}({parts})" if len(parts) < 100 else f"{type(value).__name__}({parts[:100]}...)"
    try:
        text = repr(value)
    except Exception:
        return f"a {type(value).__qualname__} that cannot be shown"
    return text if len(text) <= 100 else f"{text[:100]}..."


def check_of(hint: Any, watcher: Watcher) -> Check:
    """The check for this annotation."""
    origin, arguments = get_origin(hint), get_args(hint)
    if isinstance(hint, TypeVar) or hint in (Any, Self):
        return _anything
    if origin in (Union, types.UnionType):
        return _any_of([check_of(one, watcher) for one in arguments])
    if origin is np.ndarray:
        return _array_of(get_args(arguments[1])[0])
    if origin in (tuple, list, collections.abc.Sequence):
        endless = origin is not tuple or arguments[-1] is Ellipsis
        checks = [check_of(one, watcher) for one in arguments if one is not Ellipsis]
        return _entries(tuple if origin is tuple else list, checks, endless)
    if origin is collections.abc.Iterator:
        return _walked(check_of(arguments[0], watcher), watcher)
    if origin in (dict, collections.abc.Mapping):
        return _mapping(*(check_of(one, watcher) for one in arguments))
    if origin is collections.abc.Callable:
        return _function(check_of(arguments[1], watcher), watcher)
    if origin is type:
        return _class(arguments[0], watcher)
    return PLAIN.get(hint) or _record(origin or hint, watcher)


def _anything(value: Any) -> Any:
    return value


def _nothing(value: Any) -> None:
    if value is not None:
        raise UnkeptError("None", shown(value))


def _flag(value: Any) -> bool:
    if not isinstance(value, (bool, np.bool_)):
        raise UnkeptError("True or False", shown(value))
    return bool(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise UnkeptError("a text", shown(value))
    return value


def _count(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or not 0 <= int(value) <= MOST:
        raise UnkeptError(COUNT, shown(value))
    return value


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise UnkeptError("a finite number", shown(value))
    if not (abs(value) <= MOST if isinstance(value, int) else math.isfinite(float(value))):
        raise UnkeptError("a finite number", shown(value))
    return value


def _fraction(value: Any) -> Fraction:
    if not isinstance(value, (int, Fraction)) or isinstance(value, bool):
        raise UnkeptError("a fraction", shown(value))
    return Fraction(value)


PLAIN: dict[Any, Check] = {
    None: _nothing,
    type(None): _nothing,
    bool: _flag,
    str: _text,
    int: _count,
    float: _number,
    Fraction: _fraction,
}


def _any_of(checks: list[Check]) -> Check:
    def check(value: Any) -> Any:
        broken = []
        for one in checks:
            try:
                return one(value)
            except UnkeptError as error:
                broken.append(error)
        raise UnkeptError(" or ".join(dict.fromkeys(error.must for error in broken)), broken[0].found)

    return check


def _array_of(scalar: Any) -> Check:
    """The check of an array of whole numbers, if the annotation says so, or of any numbers."""
    whole = (isinstance(scalar, type) and issubclass(scalar, np.integer)) or get_origin(scalar) is np.signedinteger
    flags = scalar is np.bool_
    must = f"an array of {'True or False' if flags else 'whole numbers >= 0' if whole else 'numbers'}"

    def check(value: Any) -> Any:
        if not isinstance(value, np.ndarray) or value.dtype.kind not in ("b" if flags else "iu" if whole else "biuf"):
            raise UnkeptError(must, shown(value))
        if whole and value.size and value.min() < 0:
            raise UnkeptError(must, f"one with {value.min()}")
        return value

    return check


def _part(check: Check, value: Any, must: str, found: str) -> Any:
    """Check a part of a value; `words` go before its own."""
    try:
        return check(value)
    except UnkeptError as error:
        raise UnkeptError(f"{must} {error.must}", f"{found}{error.found}") from None


def _entries(made: type[Any], checks: list[Check], endless: bool) -> Check:
    sized = f"a {made.__name__}" if endless else f"a {made.__name__} of {len(checks)}"

    def check(value: Any) -> Any:
        if not isinstance(value, (tuple, list)) or not (endless or len(value) == len(checks)):
            raise UnkeptError(sized, shown(value))
        each = checks * len(value) if endless else checks
        found = [
            _part(one, entry, f"{sized} whose entry {place} is", f"as entry {place} ")
            for place, (one, entry) in enumerate(zip(each, value, strict=True))
        ]
        return value if all(map(is_, found, value)) else made(found)

    return check


def _walked(entry: Check, watcher: Watcher) -> Check:
    def check(value: Any) -> Iterator[Any]:
        if not isinstance(value, Iterable) or isinstance(value, (str, bytes)):
            raise UnkeptError("an iterator", shown(value))
        return watcher.walked(value, entry)

    return check


def _mapping(key: Check, value: Check) -> Check:
    def check(found: Any) -> Any:
        if not isinstance(found, Mapping):
            raise UnkeptError("a mapping", shown(found))
        for name, one in found.items():
            _part(key, name, "a mapping whose keys are", "a key ")
            _part(value, one, f"a mapping whose {shown(name)} is", f"as {shown(name)} ")
        return found

    return check


def _function(returned: Check, watcher: Watcher) -> Check:
    def check(value: Any) -> Callable[..., Any]:
        if not callable(value):
            raise UnkeptError("a function", shown(value))
        return watcher.called(value, returned)

    return check


def _class(base: type[Any], watcher: Watcher) -> Check:
    def check(value: Any) -> type[Any]:
        if not (isinstance(value, type) and issubclass(value, base)):
            raise UnkeptError(f"a class of {base.__name__}", shown(value))
        watcher.adopt(value, base)
        return value

    return check


def _record(kind: type[Any], watcher: Watcher) -> Check:
    """The check of an instance of a class or protocol; of a dataclass, its fields, too."""
    parts = dict[str, Check]()
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        parts = {field.name: check_of(hints[field.name], watcher) for field in fields(kind)}
    methods = [*methods_of(kind)] if kind.__module__.partition(".")[0] == "lifsim" else []
    is_open = getattr(kind, "_is_protocol", False)
    article = "an" if kind.__name__[0] in "AEIOU" else "a"

    def check(value: Any) -> Any:
        if not (all(hasattr(value, name) for name in methods) if is_open else isinstance(value, kind)):
            raise UnkeptError(f"{article} {kind.__name__}", shown(value))
        changed = {}
        for name, one in parts.items():
            part = getattr(value, name)
            found = _part(one, part, f"{article} {kind.__name__} whose {name} is", f"{name}=")
            if callable(found) and found is not part:
                changed[name] = found
        if methods:
            watcher.adopt(type(value), kind)
        return replace(value, **changed) if changed else value

    return check
