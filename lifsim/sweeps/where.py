"""Which points of a sweep: ``area_mm2 < 2.5 and (sharing = layer or array.rows >= 16)``, read by a grammar of its own.

    condition  = conjunction { "or" conjunction }
    conjunction = part { "and" part }
    part        = "not" part | "(" condition ")" | COLUMN ( "<" | "<=" | ">" | ">=" | "=" | "==" | "!=" ) VALUE

A value is a number, with a unit where its column has one (64KiB, 400MHz, 1.5mJ, 20us), or a text, in quotes if it has
spaces or signs.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from lifsim.errors import Fault, InputError, did_you_mean, shown
from lifsim.lazy_dataclass import dataclass
from lifsim.units import parse_bytes, parse_hz

MAX_LENGTH, MAX_DEPTH = 2000, 40

FIRST_FIGURE = "cycles.total"
"""The column behind those of settings."""

_TOKEN = re.compile(r"""\s*(?:(?P<sign><=|>=|==|!=|[<>=()])|(?P<text>"[^"]*"|'[^']*')|(?P<word>[^\s<>=!()'"]+))""")
_SIGNS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "=": operator.eq, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip
_NUMBER = re.compile(r"([-+]?(?:[0-9][0-9_]*\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3})?)\s*((?:[A-Za-z]+2?)?)")
_KINDS = {"J": "energy", "s": "time", "mm2": "area"}
_PREFIXES = {"f": 1e-15, "p": 1e-12, "n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1.0, "k": 1e3, "M": 1e6, "G": 1e9}


class Condition(Protocol):
    """What a point meets or not."""

    @property
    def columns(self) -> frozenset[str]:
        """Those that it looks at."""

    def holds(self, row: Mapping[str, Any]) -> bool:
        """Whether the point with these columns meets it; what has no figure there does not."""


@dataclass(frozen=True)
class Comparison:
    """A column with a value."""

    column: str
    sign: str
    value: float | str

    @property
    def columns(self) -> frozenset[str]:
        """The one."""
        return frozenset({self.column})

    def holds(self, row: Mapping[str, Any]) -> bool:
        """Texts are only alike or not; numbers and texts are never alike."""
        found = row[self.column]
        if found is None:
            return False
        if isinstance(found, bool):
            found = str(found).lower()
        if isinstance(found, str) == isinstance(self.value, str):
            return _SIGNS[self.sign](found, self.value)
        return self.sign == "!="


@dataclass(frozen=True)
class Joined:
    """Conditions of which `all` or any must be met."""

    parts: tuple[Condition, ...]
    all: bool

    @property
    def columns(self) -> frozenset[str]:
        """Of all parts."""
        return frozenset().union(*(part.columns for part in self.parts))

    def holds(self, row: Mapping[str, Any]) -> bool:
        """As it says."""
        return (all if self.all else any)(part.holds(row) for part in self.parts)


@dataclass(frozen=True)
class Opposite:
    """A condition that must not be met."""

    part: Condition

    @property
    def columns(self) -> frozenset[str]:
        """Of the part."""
        return self.part.columns

    def holds(self, row: Mapping[str, Any]) -> bool:
        """As it says; a point without figures meets neither."""
        return all(row[name] is not None for name in self.columns) and not self.part.holds(row)


def conditions(texts: Iterable[str], columns: Sequence[str]) -> Joined:
    """All of `texts` together. Raises InputError with what is wrong with any of them, names that are none of `columns`
    included."""
    parts: list[Condition] = []
    faults: list[Fault] = []
    for text in texts:
        try:
            part = _Parser(text).whole()
            faults += [Fault(no_column(name, columns), path="--where") for name in sorted(part.columns - {*columns})]
            parts.append(part)
        except ValueError as error:
            rule = "must be such as 'area_mm2 < 2.5 and sharing = layer'"
            faults.append(Fault(f"{shown(text)} {rule}: {error}", path="--where"))
    if faults:
        raise InputError(faults)
    return Joined(tuple(parts), all=True)


def no_column(name: str, columns: Sequence[str]) -> str:
    """What is said of a `name` that is none of a store's `columns`: which is near, or the main ones of all. Of a store
    without figures that it has none, and why."""
    rule = f"{shown(name)} must be a column of the store"
    if not set(columns) - {"error"}:
        return f"{rule}, which holds no point yet; its sweep goes on by the same command"
    if FIRST_FIGURE not in columns:
        return f"{rule}, all of whose points failed: lifsim store export says why{did_you_mean(name, columns)}"
    first = columns.index(FIRST_FIGURE)
    main = [one for at, one in enumerate(columns) if at < first or "." not in one or re.fullmatch(r"\w+\.total", one)]
    others = f"; its settings and main figures: {', '.join(one for one in main if one != 'error')}"
    return f"{rule}{did_you_mean(name, columns) or others}"


class _Parser:
    """Of one text, by recursive descent. Raises ValueError."""

    def __init__(self, text: str) -> None:
        if len(text) > MAX_LENGTH:
            raise ValueError(f"it has more than {MAX_LENGTH:,} characters")
        self._tokens: list[tuple[str, str]] = []
        at = 0
        while at < len(text.rstrip()):
            match = _TOKEN.match(text, at)
            if match is None:
                raise ValueError(f"{shown(text[at:].strip()[:20])} is not understood")
            self._tokens.append((str(match.lastgroup), match[str(match.lastgroup)]))
            at = match.end()
        self._depth = 0

    def whole(self) -> Condition:
        found = self._any()
        if self._tokens:
            raise ValueError(f"{shown(self._tokens[0][1])} is too much")
        return found

    def _any(self) -> Condition:
        return self._joined("or", self._all)

    def _all(self) -> Condition:
        return self._joined("and", self._part)

    def _joined(self, word: str, inner: Callable[[], Condition]) -> Condition:
        parts = [inner()]
        while self._takes("word", word):
            parts.append(inner())
        return parts[0] if len(parts) == 1 else Joined(tuple(parts), all=word == "and")

    def _part(self) -> Condition:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ValueError(f"it is nested more than {MAX_DEPTH} deep")
        if self._takes("word", "not"):
            found: Condition = Opposite(self._part())
        elif self._takes("sign", "("):
            found = self._any()
            if not self._takes("sign", ")"):
                raise ValueError("a ) is missing")
        else:
            found = self._comparison()
        self._depth -= 1
        return found

    def _comparison(self) -> Comparison:
        kind, column = self._next("a column")
        if kind == "sign":
            raise ValueError(f"{shown(column)} stands where a column must")
        _, sign = self._next(f"one of {' '.join(_SIGNS)} behind {column}")
        if sign not in _SIGNS:
            raise ValueError(f"{shown(sign)} stands where one of {' '.join(_SIGNS)} must")
        kind, text = self._next(f"a value behind {column} {sign}")
        if kind == "sign":
            raise ValueError(f"{shown(text)} stands where a value must")
        value = text[1:-1] if kind == "text" else _value(column, text)
        if isinstance(value, str) and sign not in ("=", "==", "!="):
            if kind == "word" and _NUMBER.fullmatch(value):
                raise ValueError(f"{shown(value)} must be a number without a unit behind {column}")
            raise ValueError(f"{shown(value)} is a text, of which only = and != can be asked")
        return Comparison(column.strip("'\""), sign, value)

    def _next(self, wanted: str) -> tuple[str, str]:
        if not self._tokens:
            raise ValueError(f"{wanted} is missing")
        return self._tokens.pop(0)

    def _takes(self, kind: str, text: str) -> bool:
        if self._tokens and self._tokens[0][0] == kind and self._tokens[0][1].lower() == text:
            self._tokens.pop(0)
            return True
        return False


def _value(column: str, text: str) -> float | str:
    """The number that `text` is, in the unit of its column; else the text. Raises ValueError where its unit is another
    one's."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        return text
    if not match[2]:
        return float(match[1])
    names = column.split(".")
    for ending, parse in (("_bytes", parse_bytes), ("_hz", parse_hz)):
        if any(name.endswith(ending) for name in names):
            return parse(text)
    for ending, unit, scale in (("_pj", "J", 1e12), ("_s", "s", 1.0), ("_mm2", "mm2", 1.0)):
        if not any(name.endswith(ending) and not name.endswith("_per_s") for name in names):
            continue
        prefix = match[2].removesuffix(unit)
        if not match[2].endswith(unit) or prefix not in _PREFIXES:
            raise ValueError(f"{shown(text)} must be a number, with a unit of {_KINDS[unit]} ({unit}) or none")
        return float(match[1]) * _PREFIXES[prefix] * scale
    return text
