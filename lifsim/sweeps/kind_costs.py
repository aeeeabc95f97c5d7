"""What each point of a kind takes, by those of the coarse grid that were run.

What is new at a point depends on which axes it stands at the first value of. So what a point takes is interpolated
between the crossed points of its kind that stand at the first value of the same axes. Lines show what lies between the
crossed values: by how much they differ from what is interpolated, the new part of all other points is multiplied.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import reduce
from operator import eq

import numpy as np

from lifsim.sweeps.anew import Floats
from lifsim.sweeps.coarse import Cell, CoarseGrid

PAUSE = 1.2
"""A point takes at most so many times what one takes for which more is new, costs that rise along the axes aside. The
rest is a pause of the machine, or of a result that was forgotten: it must not count for all that this point stands
for."""

TICK_S = 1e-6
"""What takes less is taken for this."""


class Kind:
    """Points of a kind. `place`: its own among those of `grid`."""

    def __init__(self, grid: CoarseGrid, place: int) -> None:
        self._grid, self.words = grid, grid.kinds[place]
        self.measured: dict[Cell, float] = {}

    @property
    def again(self) -> float:
        """What a point takes for which nothing is new."""
        return max(TICK_S, min(self.measured.values()))

    def every(self, shapes: Sequence[Floats]) -> Floats:
        """[value, by axis of numbers] what each point is expected to take; shapes: as `shapes_of` has them."""
        seconds = self.interpolated()
        anew = np.maximum(seconds - self.again, 0.0)
        return seconds - anew + anew * reduce(np.multiply.outer, shapes, np.ones(()))

    def interpolated(self) -> Floats:
        """[value, by axis of numbers] between the crossed points, of which those that were not run take at most as much
        as those for which more is new."""
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
        found = self.interpolated()
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


def shapes_of(kind: Kind, grid: CoarseGrid, kinds: Sequence[Kind]) -> list[Floats]:
    """By axis, [place] by what lines differ from what is interpolated, those of the `kinds` that are most like it."""
    with_lines = [other for other in kinds if other.has_lines]
    alike = [sum(map(eq, other.words, kind.words)) for other in with_lines]
    most = [other for other, words in zip(with_lines, alike, strict=True) if words == max(alike)]
    shapes = []
    for axis, count in enumerate(grid.shape):
        took, expected = np.sum([other.line(axis) for other in most] or np.ones((1, 2, 1)), 0)
        shapes.append(np.interp(range(count), grid.lines[axis] if most else [0], took / expected))
    return shapes
