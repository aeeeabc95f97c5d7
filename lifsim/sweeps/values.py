"""Values of one axis: ``8,16,32``, ``1:8``, ``10:100:+10`` or ``8KiB:512KiB:x2``; never materialised as a whole."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from lifsim.config.document import parse_document
from lifsim.errors import InputError, shown
from lifsim.lazy_dataclass import dataclass
from lifsim.units import counted, parse_bytes, parse_hz

Value = int | float | str | bool | None | list[Any] | dict[str, Any]

MAX_FACTORS = 10_000
"""Values of a geometric range. A size that grows by a thousandth each time spans four decades with these."""

_NUMBER = re.compile(r"[-+]?[0-9][0-9_]*(\.[0-9]+)?([eE][-+]?[0-9]{1,2})?", re.ASCII)
_UNITS: dict[str, Callable[[str], int]] = {"_bytes": parse_bytes, "_hz": parse_hz}


@dataclass(frozen=True)
class Listed:
    """The values as given."""

    values: tuple[Value, ...]

    def __str__(self) -> str:
        return ", ".join(json.dumps(value) for value in self.values)

    @property
    def count(self) -> int:
        """How many."""
        return len(self.values)

    def __getitem__(self, index: int) -> Value:
        return self.values[index]


@dataclass(frozen=True)
class Linear:
    """start, start + step, ...: `count` values, the last one within the range."""

    start: Fraction
    step: Fraction
    count: int

    def __str__(self) -> str:
        return f"{self.start} + {self.step} i, {counted(self.count, 'value')}"

    def __getitem__(self, index: int) -> Value:
        return _plain(self.start + index * self.step)


@dataclass(frozen=True)
class Geometric:
    """start, start * factor, ...: `count` values, the last one within the range."""

    start: Fraction
    factor: Fraction
    count: int

    def __str__(self) -> str:
        return f"{self.start} x ({self.factor})^i, {counted(self.count, 'value')}"

    def __getitem__(self, index: int) -> Value:
        return _plain(self.start * self.factor**index)


Values = Listed | Linear | Geometric


def parse_values(key: str, given: object) -> Values:
    """The values of axis `key`, from the text of ``--vary`` or from what a sweep file has there.

    A range includes its end if a step meets it. Sizes and frequencies (keys in _bytes and _hz) may have units and come
    out as plain numbers. Raises InputError where there would be no value, or no end of them.
    """
    if isinstance(given, list):
        return _listed(key, given)
    if isinstance(given, str):
        parts = [part.strip() for part in given.split(":")]
        if len(parts) > 1 and not set(given) & set(",[{'\""):
            return _range(key, given, parts)
        return _listed(key, _entries(given))
    return _listed(key, [given])


_KEPT_NUMBER = r"-?[0-9]{1,30}(?:/[1-9][0-9]{0,29})?"
_KEPT_RANGE = re.compile(
    rf"(?P<start>{_KEPT_NUMBER}) (?:x \((?P<factor>{_KEPT_NUMBER})\)\^i|\+ (?P<step>{_KEPT_NUMBER}) i), "
    r"(?P<count>[1-9][0-9,]{0,11}) values?"
)
"""A range as stores keep it, which is what its `str` says. Anybody may have written a store: numbers are short."""

MOST_SPELT = 100
"""Values of a geometric range in a store whose last one is computed."""

_SPELT: dict[str, tuple[tuple[int, str], ...]] = {
    "_bytes": ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")),
    "_hz": ((10**9, "GHz"), (10**6, "MHz"), (10**3, "kHz")),
}


def as_given(key: str, kept: str) -> str:
    """The values of axis `key`, of which a store keeps these words, as ``--vary`` takes them."""
    found = _KEPT_RANGE.fullmatch(kept)
    if found is None:
        return kept
    start, count = Fraction(found["start"]), int(found["count"].replace(",", ""))
    if found["factor"] is not None and count > MOST_SPELT:
        return kept
    if found["factor"] is not None:
        factor = Fraction(found["factor"])
        stop, step = start * factor ** (count - 1), f":x{_plain(factor)}"
    else:
        by = Fraction(found["step"])
        stop, step = start + by * (count - 1), "" if by == 1 else f":{'+' * (by > 0)}{_spelt(key, by)}"
    try:
        last = _spelt(key, stop)
    except OverflowError:  # no float is so large
        return kept
    return f"{_spelt(key, start)}:{last}{step} ({counted(count, 'value')})"


def _spelt(key: str, value: Fraction) -> str:
    """With the largest unit of which it has a whole number."""
    for suffix, units in _SPELT.items():
        for size, unit in units:
            if key.endswith(suffix) and value and value % size == 0:
                return f"{value // size}{unit}"
    return str(_plain(value))


def judged_values(values: Values) -> tuple[Value, ...]:
    """Those that are judged before any run: of a range its ends, for rules are intervals."""
    return values.values if isinstance(values, Listed) else (values[0], values[values.count - 1])


def setting(key: str, value: Value) -> str:
    """``key=value`` as ``--set`` takes it."""
    return f"{key}={json.dumps(value)}"


def _entries(text: str) -> list[Value]:
    if not text.strip():
        raise InputError("must have at least one value")
    try:
        document = parse_document(f"[{text}]", "")
    except InputError:
        raise InputError(f"{shown(text)} must be values with commas between them, or START:STOP:STEP") from None
    if document.faults or not isinstance(document.data, list):
        raise InputError(f"{shown(text)} must be values with commas between them, or START:STOP:STEP")
    return document.data


def _listed(key: str, entries: Sequence[Any]) -> Listed:
    if not entries:
        raise InputError("must have at least one value")
    values = tuple(_without_unit(key, entry) for entry in entries)
    texts = [json.dumps(value) for value in values]
    twice = sorted({shown(value) for value, text in zip(values, texts, strict=True) if texts.count(text) > 1})
    if twice:
        raise InputError(f"{', '.join(twice)} must be given once")
    return Listed(values)


def _without_unit(key: str, entry: Value) -> Value:
    """A size or frequency as a plain number; what it cannot read is left for the schema to judge."""
    for suffix, parse in _UNITS.items():
        if key.endswith(suffix) and isinstance(entry, str):
            try:
                return parse(entry)
            except ValueError:
                return entry
    return entry


def _range(key: str, text: str, parts: list[str]) -> Values:
    if len(parts) > 3:
        raise InputError(f"{shown(text)} must be START:STOP or START:STOP:STEP")
    start, stop = (_quantity(key, part, text) for part in parts[:2])
    step = parts[2] if len(parts) == 3 else "+1"
    if step[:1] in ("x", "*"):
        return _geometric(text, start, stop, _quantity("", step[1:].strip(), text))
    return _linear(text, start, stop, _quantity(key, step, text))


def _linear(text: str, start: Fraction, stop: Fraction, step: Fraction) -> Linear:
    if step == 0:
        raise InputError(f"{shown(text)} never ends: its step must not be 0")
    count = (stop - start) // step + 1
    if count < 1:
        raise InputError(f"{shown(text)} is empty: its step must lead from its start to its end")
    return Linear(start, step, int(count))


def _geometric(text: str, start: Fraction, stop: Fraction, factor: Fraction) -> Geometric:
    if min(start, stop, factor) <= 0 or factor == 1:
        raise InputError(f"{shown(text)} never ends: start, end and factor must be > 0, and the factor not 1")
    count, value = 0, start
    while value <= stop if factor > 1 else value >= stop:
        count, value = count + 1, value * factor
        if count > MAX_FACTORS:
            raise InputError(f"{shown(text)} must have at most {MAX_FACTORS} values")
    if not count:
        raise InputError(f"{shown(text)} is empty: its factor must lead from its start to its end")
    return Geometric(start, factor, count)


def _quantity(key: str, text: str, whole: str) -> Fraction:
    for suffix, parse in _UNITS.items():
        if key.endswith(suffix):
            sign = -1 if text.startswith("-") else 1
            try:
                return Fraction(sign * parse(text.lstrip("+-")))
            except ValueError as error:
                raise InputError(f"{shown(whole)}: {error}") from None
    if len(text) > 40 or _NUMBER.fullmatch(text) is None:
        raise InputError(f"{shown(whole)}: {shown(text)} must be a number, as in 1:8, 10:100:+10 or 8:64:x2")
    return Fraction(Decimal(text.replace("_", "")))


def _plain(value: Fraction) -> int | float:
    return int(value) if value.denominator == 1 else float(value)
