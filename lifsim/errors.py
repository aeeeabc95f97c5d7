"""Faults of an input, and the one exception that carries all of them to the user."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
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
        place = self.source
        if self.line is not None:
            place += f":{self.line}:{self.column or 1}"
        head = " ".join(part for part in (place, self.path) if part)
        return f"{head}: {self.message}" if head else self.message


class InputError(Exception):
    """An input that cannot be used; `faults` lists everything that is wrong with it, in reading order."""

    def __init__(self, faults: Fault | str | Iterable[Fault]) -> None:
        if isinstance(faults, str):
            faults = Fault(faults)
        self.faults: tuple[Fault, ...] = (faults,) if isinstance(faults, Fault) else tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))

    def __reduce__(self) -> tuple[type[InputError], tuple[tuple[Fault, ...]]]:
        return type(self), (self.faults,)


def did_you_mean(name: object, valid: Iterable[str]) -> str:
    """``; did you mean 'x'?`` for the nearest of the `valid` names, else the list of them; '' if none."""
    names = list(valid)
    if not names:
        return ""
    near = difflib.get_close_matches(str(name).lower(), [n.lower() for n in names], n=1, cutoff=0.6)
    if near:
        return f"; did you mean '{next(n for n in names if n.lower() == near[0])}'?"
    return f"; valid: {', '.join(names)}" if len(names) <= 40 else ""
