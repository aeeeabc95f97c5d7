"""Which points a cluster runs together: handfuls that take a worker about as long as is worth the scheduler's work.

A task costs the scheduler a few milliseconds whatever is in it, so cheap points travel together. Neighbours do, for
they share what they have in common. At the end handfuls get smaller, so that all workers end together.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

SECONDS, MOST_TASKS = 0.5, 50
"""How long a handful takes its worker; longer on a cluster that would finish more of them a second."""

GROWTH = 4
"""A handful has at most so many times the points of the last one, whose time may tell little about others."""

LEAST = 0.1
"""Of its time, what a handful takes near the end."""


class Handfuls(Iterator[tuple[int, ...]]):
    """All of `points` in their order, for `workers` that run them. `took` is to be told of each that was run."""

    def __init__(self, points: Sequence[int], workers: int) -> None:
        self._points, self.workers = points, workers
        self._next, self._most, self._pace = 0, 1, math.inf

    def took(self, points: int, seconds: float) -> None:
        """A handful of so many points took so long."""
        self._most, self._pace = GROWTH * points, max(seconds, 1e-6) / points

    @property
    def seconds(self) -> float:
        """That a handful is to take."""
        return max(SECONDS, self.workers / MOST_TASKS)

    def __next__(self) -> tuple[int, ...]:
        left = len(self._points) - self._next
        if not left:
            raise StopIteration
        whole = self.seconds / self._pace
        shared = max(left / (2 * self.workers), LEAST * whole)
        count = max(1, int(min(self._most, whole, shared)))
        first, self._next = self._next, min(self._next + count, len(self._points))
        return tuple(self._points[first : self._next])
