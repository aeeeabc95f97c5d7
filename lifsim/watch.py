"""Long work that lets itself be watched: what is being done, and how much of it is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Protocol

STRETCH_S = 0.2
"""How long work goes on between two looks at it, about."""


class Watch(Protocol):
    """Whom long work tells how far it is."""

    def __call__(self, work: str, done: int, total: int) -> None:
        """`done` of `total` are done of `work`, which is named for people; a total of 0 is not known."""


def unwatched(work: str, done: int, total: int) -> None:
    """Nobody looks."""


def part_of(whole: str, watch: Watch) -> Watch:
    """`watch` for work that is a part of `whole`."""
    return lambda work, done, total: watch(f"{whole}: {work}", done, total)


def parts(watch: Watch, number: int) -> list[Watch]:
    """`watch` for each of a `number` of works after another: what it hears is `part 2 of 3: ...`, so that an estimate
    is not taken for that of the whole."""
    if number == 1:
        return [watch]
    return [part_of(f"part {one} of {number}", watch) for one in range(1, number + 1)]


class Tally:
    """Work of a known size that is done bit by bit."""

    def __init__(self, watch: Watch, work: str, total: int) -> None:
        self._watch, self._work, self._total = watch, work, total
        self._done = 0

    def add(self, amount: int) -> None:
        """So much more is done."""
        self._done += amount
        self._watch(self._work, self._done, self._total)


def stretches(first: int) -> Iterator[int]:
    """Lengths of the stretches in which to do long work, without end: `first`, then as long as keeps each at about
    STRETCH_S. The time between two lengths is that of a stretch."""
    length = first
    while True:
        began = time.monotonic()
        yield length
        took = time.monotonic() - began
        if took < STRETCH_S / 2:
            length *= 2
        elif took > 2 * STRETCH_S:
            length = max(1, length // 2)
