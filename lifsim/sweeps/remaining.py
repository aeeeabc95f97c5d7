"""How long does the rest of a sweep take? As long as the points of its coarse grid tell, corrected by all others.

Neighbours share what they have in common: a point for which everything is new takes a hundred times as long as one that
differs from another in a price. What each point finds anew is known beforehand (`lifsim.sweeps.anew`), and what it
takes by the coarse grid (`lifsim.sweeps.kind_costs`).

Points that are run besides correct this. Some are drawn from all over the sweep and run next, so that they are like
those that are left. By how much they took longer than expected, others of their kind that find the same anew are
expected to take longer, too, but for rows of points that differ on the first axis of numbers alone: these go on as they
did.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

import numpy as np

from lifsim.lazy_dataclass import dataclass
from lifsim.sweeps.anew import Anew
from lifsim.sweeps.coarse import CoarseGrid
from lifsim.sweeps.corrected import Corrected
from lifsim.sweeps.fitted import Fitted
from lifsim.sweeps.kind_costs import Kind, shapes_of

NONE: Mapping[int, float] = MappingProxyType({})
"""Nothing is known of any point."""


@dataclass(frozen=True)
class Left:
    """seconds: of work of one process; known: whether enough was run for an estimate; else they are none."""

    seconds: float
    known: bool


class Remaining(Protocol):
    """What is left of a sweep."""

    def add(self, point: int, seconds: float) -> None:
        """A point was run, which took so long."""

    @property
    def left(self) -> Left:
        """What the others take."""
        ...


class Paced:
    """Of `count` points of which nothing else is known: at the pace so far."""

    def __init__(self, count: int) -> None:
        self._left, self._run, self._took = count, 0, 0.0

    def add(self, point: int, seconds: float) -> None:  # noqa: ARG002 (as any point)
        """A point was run, which took so long."""
        self._left, self._run, self._took = self._left - 1, self._run + 1, self._took + seconds

    @property
    def left(self) -> Left:
        """What the others take."""
        return Left(self._left * self._took / max(self._run, 1), known=self._run > 0)


class Numbered:
    """The places of `points` in their order."""

    def __init__(self, points: Sequence[int]) -> None:
        self._points, self._order = np.asarray(points, np.int64), np.argsort(points, kind="stable")

    def place(self, point: int) -> int:
        """That of one of them."""
        return int(self._order[np.searchsorted(self._points, point, sorter=self._order)])


class ByFit:
    """Of `points`, at which so much is new: by a fit, as soon as `first` of them were run."""

    def __init__(self, points: Sequence[int], anew: Anew, first: Collection[int]) -> None:
        self._places, self._awaited = Numbered(points), set(first)
        self._fitted = Fitted(anew)

    def add(self, point: int, seconds: float) -> None:
        """A point was run, which took so long."""
        self._fitted.add(self._places.place(point), seconds)
        self._awaited.discard(point)

    @property
    def left(self) -> Left:
        """What the others take."""
        return Left(self._fitted.seconds, known=not self._awaited)


class ByGrid:
    """Of `points`, at which so much is new, those of the coarse grid first. known: what points of the grid took in an
    earlier run; drawn: from all over the others."""

    def __init__(
        self,
        grid: CoarseGrid,
        points: Sequence[int],
        anew: Anew,
        known: Mapping[int, float] = NONE,
        drawn: Collection[int] = (),
    ) -> None:
        self._drawn = frozenset(drawn)
        self._grid, self._kinds = grid, [Kind(grid, place) for place in range(len(grid.kinds))]
        self._of_grid = grid.placed_points()
        self._awaited = set(self._of_grid)
        self._places, self._anew = Numbered(points), anew
        self._run: dict[int, float] = {}
        self._corrected: Corrected | None = None
        for point, seconds in known.items():
            self._measure(point, seconds)
        self._expect()

    def add(self, point: int, seconds: float) -> None:
        """A point was run, which took so long."""
        news = point in self._awaited
        if news:
            self._measure(point, seconds)
        if news or self._awaited:
            self._run[point] = seconds
        if news and (self._corrected is None or not self._awaited):
            self._expect()
        elif self._corrected is not None:
            self._tell(self._corrected, point, seconds)

    def _measure(self, point: int, seconds: float) -> None:
        if point in self._awaited:
            kind, cell = self._of_grid[point]
            self._kinds[kind].measured[cell] = seconds
            self._awaited.discard(point)

    def _expect(self) -> None:
        """Once all crossed points were run, and again with all lines, it is known what to expect of each."""
        if not all(kind.is_crossed for kind in self._kinds):
            return
        expected = self._anew.seconds([kind.every(shapes_of(kind, self._grid, self._kinds)) for kind in self._kinds])
        across = math.prod(self._grid.shape[1:])
        row = self._anew.kind * across + self._anew.place % across
        self._corrected = Corrected(expected, self._anew.groups.of, row)
        for point, seconds in self._run.items():
            self._tell(self._corrected, point, seconds)

    def _tell(self, corrected: Corrected, point: int, seconds: float) -> None:
        place = self._places.place(point)
        if point in self._of_grid:
            corrected.leave_out(place)
        else:
            corrected.add(place, seconds, drawn=point in self._drawn)

    @property
    def left(self) -> Left:
        """What the others take; while crossed points are missing at most."""
        if self._corrected is not None:
            return Left(self._corrected.seconds, known=True)
        begun = [kind.interpolated() for kind in self._kinds if kind.measured]
        if not begun:
            return Left(0.0, known=False)
        each = self._anew.seconds([kind.interpolated() if kind.measured else np.mean(begun, 0) for kind in self._kinds])
        run = [self._places.place(point) for point in self._run]
        return Left(float(each.sum() - each[run].sum()), known=False)
