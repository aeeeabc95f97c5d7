"""Faults of an input, and the one exception that carries all of them to the user."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with an input.

    `message` says the rule and the value (``-3 must be > 0``); `path` the key (``buffers.weight.read_pj``);
    `source`, `line` and `column` (both from 1) where it stands, as far as that is known.
    """

    message: str
    path: str = ""
    source: str = ""
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        """One line, whatever the names and values in it are."""
        place = self.source
        if self.line is not None:
            place += f":{self.line}:{self.column or 1}"
        head = " ".join(part for part in (place, self.path) if part)
        return _printable(f"{head}: {self.message}" if head else self.message)


class InputError(Exception):
    """An input that cannot be used; `faults` lists everything that is wrong with it, in reading order."""

    def __init__(self, faults: Fault | str | Iterable[Fault]) -> None:
        if isinstance(faults, str):
            faults = Fault(faults)
        self.faults: tuple[Fault, ...] = (faults,) if isinstance(faults, Fault) else tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))

    def __reduce__(self) -> tuple[type[InputError], tuple[tuple[Fault, ...]]]:
        return type(self), (self.faults,)


@contextmanager
def collecting(faults: list[Fault]) -> Iterator[None]:
    """Keep the faults of an InputError raised inside and go on behind it, so that one report can name them all."""
    try:
        yield
    except InputError as error:
        faults.extend(error.faults)


def did_you_mean(name: object, valid: Iterable[str]) -> str:
    """``; did you mean 'x'?`` for the nearest of the `valid` names, else the list of them; '' if none."""
    names = list(valid)
    if not names:
        return ""
    near = difflib.get_close_matches(str(name).lower()[:80], [n.lower() for n in names], n=1, cutoff=0.6)
    if near:
        return f"; did you mean '{next(n for n in names if n.lower() == near[0])}'?"
    return f"; valid: {', '.join(names)}" if len(names) <= 40 else ""


def shown(value: object) -> str:
    """`value` as a message shows it: short, text in quotes, a container by its kind, true and null as YAML has them."""
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "a list" if value else "an empty list"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 80 else f"{text[:60]}... ({len(text)} characters)"


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
