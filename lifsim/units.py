"""Quantities with units: `32KiB`, `400MHz` in, the same out. The unit of a variable is in its name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fractions import Fraction
from numbers import Integral
from typing import Any

from lifsim.errors import shown

_QUANTITY = re.compile(r"\s*([-+]?[0-9][0-9_]*(?:\.[0-9]+)?(?:[eE][-+]?[0-9]{1,2})?)\s*([A-Za-z]*)\s*", re.ASCII)
_MAX_LENGTH = 40
_BYTES = {
    "": 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40, "PiB": 1 << 50, "EiB": 1 << 60,
    "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12,
}  # fmt: skip
_LEAST_PERCENT = 0.001
_HZ = {"": 1, "Hz": 1, "kHz": 10**3, "MHz": 10**6, "GHz": 10**9}


def _parse(text: str | float, scale: dict[str, int], example: str) -> int:
    match = None if isinstance(text, bool) or len(str(text)) > _MAX_LENGTH else _QUANTITY.fullmatch(str(text))
    if match is not None and match[2] not in scale:
        for unit in scale:
            if unit.lower() == match[2].lower():
                rule = f"must have its unit as it is written; did you mean {match[1]}{unit}?"
                raise ValueError(f"{shown(text)} {rule}")
    if match is None or match[2] not in scale:
        raise ValueError(f"{shown(text)} must be a whole number, with a unit or none, such as {example}")
    value = Fraction(match[1].replace("_", "")) * scale[match[2]]
    if value.denominator != 1:
        raise ValueError(f"{shown(text)} must come to a whole number")
    return int(value)


def parse_bytes(text: str | float) -> int:
    """Bytes of `4096`, `32KiB`, `1.5MiB`, `64kB`. Raises ValueError unless they come to a whole number.

    Case counts: M is mega and m milli; `kb` would be bits, and `KB` may be 1000 or 1024.
    """
    if isinstance(text, str) and text.rstrip().endswith("b"):
        raise ValueError(f"{shown(text)} must be in bytes (B), not bits (b), such as 32KiB")
    return _parse(text, _BYTES, "32KiB")


def parse_hz(text: str | float) -> int:
    """Hertz of `400MHz`, `1.2GHz`, `4e8`. Raises ValueError unless they come to a whole number."""
    return _parse(text, _HZ, "400MHz")


def as_whole(value: Any) -> Any:
    """NumPy's whole numbers as Python's; anything else, `True` as well, as it is."""
    return int(value) if isinstance(value, Integral) and not isinstance(value, bool) else value


def noun_of(count: int, noun: str) -> str:
    """`image` of 1, else `images`; `entries`, `classes`."""
    if count == 1:
        return noun
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return f"{noun[:-1]}ies"
    return noun + ("es" if noun.endswith(("s", "x", "ch", "sh")) else "s")


def counted(count: int, noun: str) -> str:
    """`1 image`, `1,024 images`."""
    return f"{count:,} {noun_of(count, noun)}"


def all_of(names: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def change_text(change: float | None) -> str:
    """A relative change as text: `-12.3 %`, `=` for none, or empty for None. Growth of more than tenfold is a multiple,
    `x 27`; a change below 0.05 % keeps its first digit, `-0.02 %`; one below 0.001 % is `-<0.001 %`, for it is not
    `=`."""
    if change is None:
        return ""
    if change > 9:
        return f"x {1 + change:,.0f}"
    percent, sign = abs(change) * 100, "-" if change < 0 else "+"
    if 0 < percent < _LEAST_PERCENT:
        return f"{sign}<{_LEAST_PERCENT:g} %"
    few = 0 < percent < 0.05
    return "=" if change == 0 else f"{sign}{percent:{'.1g' if few else '.1f'}} %"


def format_bytes(count: float) -> str:
    """`32 KiB`, `1.5 MiB`: four significant digits, binary prefixes."""
    value, prefixes = float(count), ["B", "KiB", "MiB", "GiB", "TiB"]
    while abs(value) >= 1024 and len(prefixes) > 1:
        value, prefixes = value / 1024, prefixes[1:]
    return f"{value:.4g} {prefixes[0]}"


def format_si(value: float, unit: str) -> str:
    """`12.3 uJ` for (12.3e-6, "J"): four significant digits, prefixes from pico to tera."""
    if value == 0:
        return f"0 {unit}"
    for exponent, prefix in ((12, "T"), (9, "G"), (6, "M"), (3, "k"), (0, ""), (-3, "m"), (-6, "u"), (-9, "n")):
        if abs(value) >= 10.0**exponent:
            return f"{value / 10.0**exponent:.4g} {prefix}{unit}"
    return f"{value / 1e-12:.4g} p{unit}"


def key_words(key: str, value: object) -> tuple[str, str]:
    """A key without the unit at its end, and its value with it: `size`, `32 KiB` for `size_bytes`, 32768. Other texts
    stay as they are, cut if they are long, lists with commas; a missing value is a dash."""
    name, _, unit = key.rpartition("_")
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e18:
        match unit:
            case "bytes":
                return name, format_bytes(value)
            case "hz":
                return name, format_si(value, "Hz")
            case "pj":
                return name, format_si(value * 1e-12, "J")
            case "ns" | "nm" | "mw" | "mm2" | "bits" | "cycles":
                return name, f"{value:,} {unit}" if value != 1 else f"1 {unit.removesuffix('s')}"
        return key, f"{value:,}"
    if isinstance(value, list | tuple) and value and all(isinstance(one, str) for one in value):
        value = ", ".join(value)
    if isinstance(value, str):
        return key, value if len(value) <= 80 else f"{value[:60]}... ({len(value)} characters)"
    return key, "-" if value is None else shown(value)
