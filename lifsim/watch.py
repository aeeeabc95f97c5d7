"""Progress of long work: what is being done, and how much of it is done."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Protocol

STRETCH_S = 0.2
"""Approximate seconds between two reports of progress."""


class Watch(Protocol):
    """Receives the progress of long work."""

    def __call__(self, work: str, done: int, total: int) -> None:
        """`done` of `total` parts of `work`, named in words, are done; a total of 0 is unknown."""


def unwatched(work: str, done: int, total: int) -> None:
    """Ignores all progress."""


def part_of(whole: str, watch: Watch) -> Watch:
    """`watch` for work that is a part of `whole`."""
    return lambda work, done, total: watch(f"{whole}: {work}", done, total)


def parts(watch: Watch, number: int) -> list[Watch]:
    """`watch` for each of a `number` of pieces of work, one after another: it is told `part 2 of 3: ...`, so that the
    estimate for a part is not taken for that of the whole."""
    if number == 1:
        return [watch]
    return [part_of(f"part {one} of {number}", watch) for one in range(1, number + 1)]


class Tally:
    """Counts work of a known size as it is done."""

    def __init__(self, watch: Watch, work: str, total: int) -> None:
        self._watch, self._work, self._total = watch, work, total
        self._done = 0

    def add(self, amount: int) -> None:
        """Add finished work."""
        self._done += amount
        self._watch(self._work, self._done, self._total)


def stretches(first: int) -> Iterator[int]:
    """Endless lengths of the stretches in which long work is done: `first`, then such that each takes about STRETCH_S,
    judged by the time between two lengths."""
    length = first
    while True:
        began = time.monotonic()
        yield length
        took = time.monotonic() - began
        if took < STRETCH_S / 2:
            length *= 2
        elif took > 2 * STRETCH_S:
            length = max(1, length // 2)
