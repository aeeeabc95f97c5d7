"""How long does the rest of a sweep take? As long as the points of its coarse grid tell, corrected by all others.

Neighbours share what they have in common: a point for which everything is new takes a hundred times as long as one that
differs from another in a price. What is new at a point depends on which axes it stands at the first value of
(`lifsim.sweeps.coarse`). So what a point takes is interpolated between the crossed points of its kind that stand at the
first value of the same axes. Lines show what lies between the crossed values: by how much they differ from what is
interpolated, the new part of all other points is multiplied.

Points that are run after the coarse grid correct this. Within a kind, rows of points that differ on the first axis of
numbers alone are expected to go on as they did. Kinds of which no other point was run yet are corrected by what all
kinds together took, over what was expected of them.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from functools import reduce
from operator import eq
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lifsim.lazy_dataclass import dataclass
from lifsim.sweeps.coarse import Cell, CoarseGrid, coarse_grid, run_first
from lifsim.sweeps.plan import Plan

PAUSE = 1.2
"""A point takes at most so many times what one takes for which more is new, costs that rise along the axes aside. The
rest is a pause of the machine, or of a result that was forgotten: it must not count for all that this point stands
for."""

TICK_S = 1e-6
"""What takes less is taken for this."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Left:
    """seconds: of work of one process; known: whether all crossed points tell: an estimate, else a bound."""

    seconds: float
    known: bool


class Remaining(Protocol):
    """What is left of a sweep."""

    def add(self, point: int, seconds: float) -> None:
        """A point was run, which took so long."""

    @property
    def left(self) -> Left:
        """What the others take; nothing before the first."""
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
        return Left(self._left * self._took / max(self._run, 1), known=True)


class _Kind:
    """Points of a kind, and of kinds for which it stands. `place`: its own among those of `grid`."""

    def __init__(self, grid: CoarseGrid, place: int) -> None:
        self._grid, self.words, self.share = grid, grid.kinds[place], grid.shares[place]
        self.awaited = set(grid.cells[place])
        self.measured: dict[Cell, float] = {}
        self.took = self.expected = 0.0
        self._early: list[Cell] = []
        self._every: Floats | None = None
        self._expected_of_left = 0.0
        first, *others = grid.shape or (1,)
        # By row: points that differ on the first axis alone are one, but for that at its first value, which is another.
        self._left = np.full((2, *others), self.share, np.int64)
        self._left[1] *= first - 1
        self._missed, self._missed_before = np.zeros((2, *self._left.shape))

    def add(self, cell: Cell, seconds: float, *, own: bool) -> None:
        """A point in this cell was run; own: it is of the kind itself."""
        row = (min(cell[0], 1), *cell[1:]) if cell else (0,)
        self._left[row] -= 1
        if own and cell in self.awaited:
            self.awaited.discard(cell)
            self.measured[cell] = seconds
        elif self._every is None:
            self._early.append(cell)
        else:
            expected = float(self._every[cell])
            self._missed_before[row], self._missed[row] = self._missed[row], seconds - expected
            self._expected_of_left -= expected
            self.took, self.expected = self.took + seconds, self.expected + expected

    def settle(self, shapes: Sequence[Floats]) -> None:
        """All of the coarse grid was run: from now on points show what was missed."""
        self._every = self.every(shapes)
        self._expected_of_left = self._of_left(self._every)

    def _of_left(self, every: Floats) -> float:
        return self.share * float(every.sum()) - sum(float(every[cell]) for cell in (*self.measured, *self._early))

    def left(self, ratio: float) -> float:
        """What those take that were not run; ratio: of what others took to what was expected of them."""
        if self._every is None:
            return self._of_left(self._interpolated())
        if not self.took:
            return self._expected_of_left * ratio
        # What is missed once, another process may have made anew, or the machine been busy with something else.
        agreed = np.where(np.abs(self._missed) < np.abs(self._missed_before), self._missed, self._missed_before)
        agreed[self._missed * self._missed_before < 0] = 0.0
        return max(0.0, self._expected_of_left + float((self._left * agreed).sum()))

    @property
    def whole(self) -> float:
        """What all points of the kind are expected to take."""
        return float((self._interpolated() if self._every is None else self._every).sum())

    @property
    def again(self) -> float:
        """What a point takes for which nothing is new."""
        return max(TICK_S, min(self.measured.values()))

    def every(self, shapes: Sequence[Floats]) -> Floats:
        """[value, by axis of numbers] what each point is expected to take; shapes: as `_shapes` has them."""
        seconds = self._interpolated()
        anew = np.maximum(seconds - self.again, 0.0)
        return seconds - anew + anew * reduce(np.multiply.outer, shapes, np.ones(()))

    def _interpolated(self) -> Floats:
        values = self._grid.values
        found, known = np.empty([len(each) for each in values]), dict[Cell, float]()
        for places in sorted(np.ndindex(found.shape), key=np.count_nonzero):
            cell = tuple(each[place] for each, place in zip(values, places, strict=True))
            more_new = [known[(*cell[:axis], 0, *cell[axis + 1 :])] for axis, place in enumerate(cell) if place]
            seconds = self.measured.get(cell, min(more_new, default=0.0))
            most = PAUSE * min(more_new) * self._rise(cell, known) if len(more_new) > 1 else math.inf
            known[cell] = found[places] = min(seconds, most)
        for axis, each in enumerate(values):
            found = np.moveaxis(np.tensordot(_between(each, self._grid.shape[axis]), found, (1, axis)), 0, axis)
        return found

    def _rise(self, cell: Cell, known: Mapping[Cell, float]) -> float:
        """By how much costs rise along the axes, each alone, up to this cell."""
        base = max(TICK_S, known[self._grid.first])
        on_axes = [known[self._grid.on_axis(axis, place)] for axis, place in enumerate(cell) if place]
        return math.prod(max(1.0, seconds / base) for seconds in on_axes)

    @property
    def is_crossed(self) -> bool:
        """Whether all its crossed points were run."""
        return self.measured.keys() >= set(self._grid.crossed)

    @property
    def has_lines(self) -> bool:
        """Whether they were run."""
        return all(self._grid.on_axis(*each) in self.measured for each in self._grid.on_lines)

    def line(self, axis: int) -> tuple[Floats, Floats]:
        """[value] what points of a line took, and what was expected of them; both as if something were new."""
        cells = [self._grid.on_axis(axis, place) for place in self._grid.lines[axis]]
        found = self._interpolated()
        took, expected = [self.measured[cell] for cell in cells], [found[cell] for cell in cells]
        # Where hardly anything is new, what differs is chance.
        return np.maximum(took, self.again), np.maximum(expected, self.again)


def _between(values: Sequence[int], count: int) -> Floats:
    """[place, value] how much each value of an axis counts at each of its places; at the first one, that alone."""
    rows = np.zeros((count, len(values)))
    rows[0, 0] = 1.0
    for value in range(1, len(values)):
        rows[1:, value] = np.interp(range(1, count), values[1:], np.arange(1, len(values)) == value)
    return rows


class ByGrid:
    """Of all points of a space, those of its coarse grid first."""

    def __init__(self, grid: CoarseGrid) -> None:
        self._grid = grid
        self._kinds = [_Kind(grid, place) for place in range(len(grid.kinds))]
        self._awaited = set(grid.points())

    def add(self, point: int, seconds: float) -> None:
        """A point was run, which took so long."""
        kind, cell = self._grid.placed(point)
        place = bisect_right(self._grid.kinds, kind) - 1
        self._kinds[place].add(cell, seconds, own=self._grid.kinds[place] == kind)
        if point in self._awaited:
            self._awaited.discard(point)
            if not self._awaited:
                for one in self._kinds:
                    one.settle(self._shapes(one))

    def _shapes(self, of: _Kind) -> list[Floats]:
        """By axis, [place] by what lines differ from what is interpolated, those of the kinds that are most like it."""
        with_lines = [kind for kind in self._kinds if kind.has_lines]
        alike = [sum(map(eq, kind.words, of.words)) for kind in with_lines]
        most = [kind for kind, words in zip(with_lines, alike, strict=True) if words == max(alike)]
        shapes = []
        for axis, count in enumerate(self._grid.shape):
            took, expected = np.sum([kind.line(axis) for kind in most] or np.ones((1, 2, 1)), 0)
            shapes.append(np.interp(range(count), self._grid.lines[axis] if most else [0], took / expected))
        return shapes

    @property
    def left(self) -> Left:
        """What the others take: kinds of which nothing is known as those that are known do."""
        begun = [kind for kind in self._kinds if kind.measured]
        if not begun:
            return Left(0.0, known=False)
        measured = max(TICK_S, sum(sum(kind.measured.values()) for kind in begun))
        ratio = (measured + sum(kind.took for kind in begun)) / (measured + sum(kind.expected for kind in begun))
        # Unlike kinds may miss unlike much: what others missed is believed by half.
        known = sum(kind.left((1.0 + ratio) / 2) for kind in begun)
        if unknown := sum(kind.share for kind in self._kinds if not kind.measured):
            known += unknown * sum(kind.whole for kind in begun) / len(begun)
        return Left(known, known=all(kind.is_crossed for kind in self._kinds))


def remaining(plan: Plan, pending: Sequence[int]) -> Remaining:
    """Of the points of `plan` that are `pending`."""
    return ByGrid(coarse_grid(plan.job.space)) if run_first(plan, pending) else Paced(len(pending))
