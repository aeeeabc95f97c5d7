"""A coarse grid within the space of a sweep. Its points are run first and show what the points between them will cost.

Axes whose values are words (workload, architecture, sharing, a device) divide the space into kinds of points. Within
each kind the coarse grid crosses a few values of every other axis, the first and the last one among them. Kinds among
which every word occurs have all values of each axis beside that, the other axes at their first values: a line.

To run it first costs nothing. A point computes what no point before it has computed. What depends on a set of axes is
computed at the first point that has this combination of values on them; in the order of the sweep, that point stands at
the first value of all other axes. The coarse grid has that point whenever it has the combination at all, and runs it
before its other points with the combination. So every point computes what it would compute in the order of the sweep.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice, pairwise, product

import numpy as np
from numpy.typing import NDArray

from lifsim.sweeps.plan import NAMES
from lifsim.sweeps.space import Space

SHARE, MOST_SHARE = 0.1, 0.5
"""Part of the points that the coarse grid is to have, and part that it may have where every axis needs two values."""

DRAWN, MOST_DRAWN = 0.1, 1_000
"""Part of the points that is drawn from all over them, and how many at most."""

MOST_POINTS, MOST_KINDS, MOST_VALUES = 2_000, 32, 12
"""Points that it has of a large space, kinds of points, and values on a line; of more, so many, evenly spread."""

Kind = tuple[int, ...]
"""The places on the axes of words."""

Cell = tuple[int, ...]
"""The places of a point on the axes of numbers."""


class CoarseGrid:
    """That of `space`. words, numbers: the axes (indices) of either sort that have several values; shape: how many
    values the latter have; kinds: those of which points are run, in order, and shares: for how many each of them
    stands, itself and those behind it; of_all_kinds: whether none is left out; values, lines: by axis of numbers, the
    places that are crossed, and those on its line; crossed: points of each kind, on_lines: the axes and places of those
    that some kinds have beside; cells: by kind, all that are run."""

    def __init__(self, space: Space) -> None:
        wide = [place for place, axis in enumerate(space.axes) if axis.values.count > 1]
        named = [axis.key in NAMES or isinstance(axis.values[0], str) for axis in space.axes]
        self.space = space
        self.words = [place for place in wide if named[place]]
        self.numbers = [place for place in wide if not named[place]]
        self.shape = tuple(space.axes[axis].values.count for axis in self.numbers)
        words = Space(tuple(space.axes[place] for place in self.words))
        chosen = _spread(words.points, MOST_KINDS)
        self.kinds = [words.places(number) for number in chosen]
        self.of_all_kinds = len(chosen) == words.points
        self.shares = [after - number for number, after in pairwise([*chosen, words.points])]
        self.lines = [_spread(count, MOST_VALUES) for count in self.shape]
        self.on_lines = [(axis, place) for axis, places in enumerate(self.lines) for place in places]
        on_lines = [self.on_axis(*each) for each in self.on_lines]
        every_word = self._of_every_word()
        aim, most = (int(share * space.points) // len(chosen) for share in (SHARE, MOST_SHARE))
        aim = min(MOST_POINTS // len(chosen), aim - len(on_lines) * len(every_word) // len(chosen))
        self.values = [_spread(*each) for each in zip(self.shape, _widths(self.shape, aim), strict=True)]
        # First what more is new for, so that the others find it there.
        crossed = sorted(product(*self.values), key=_old)[: max(most, 1 + len(self.numbers))]
        self.cells = [dict.fromkeys([*crossed, *(on_lines if kind in every_word else ())]) for kind in self.kinds]
        self.crossed = crossed

    def _of_every_word(self) -> set[Kind]:
        """Kinds among which every word occurs."""
        counts = [self.space.axes[axis].values.count for axis in self.words]
        turns = range(max(counts, default=1))
        return set(self.kinds).intersection(tuple(turn % count for count in counts) for turn in turns)

    @property
    def first(self) -> Cell:
        """The cell at the first values."""
        return (0,) * len(self.numbers)

    def on_axis(self, axis: int, place: int) -> Cell:
        """The cell at this place of one axis of numbers, and at the first value of the others."""
        return (*self.first[:axis], place, *self.first[axis + 1 :])

    @property
    def is_small(self) -> bool:
        """Whether there are others beside its own points, which it costs nothing to run first."""
        return sum(map(len, self.cells)) <= MOST_SHARE * self.space.points

    def count(self, axis: int) -> int:
        """How many values an axis (index) of the space has."""
        return self.space.axes[axis].values.count

    def places(self, axis: int, points: NDArray[np.int64]) -> NDArray[np.int64]:
        """Those of `points` on an axis (index) of the space."""
        return points // math.prod(map(self.count, range(axis + 1, len(self.space.axes)))) % self.count(axis)

    def ends(self) -> list[int]:
        """Points of each kind at the first value of all axes of numbers, and at the last one of each in turn."""
        return [self.point(kind, cell) for kind in self.kinds for cell in self._ends]

    @property
    def _ends(self) -> Iterator[Cell]:
        yield self.first
        for axis, count in enumerate(self.shape):
            yield self.on_axis(axis, count - 1)

    def points(self) -> list[int]:
        """All its points in the order in which they tell most soonest: the first one of each kind, kind by kind those
        that are crossed, then lines."""
        firsts = [self.point(kind, self.first) for kind in self.kinds]
        ends_first = [*self._ends, *self.crossed]
        crossed = [self.point(kind, cell) for kind in self.kinds for cell in ends_first]
        lines = [self.point(kind, cell) for kind, cells in zip(self.kinds, self.cells, strict=True) for cell in cells]
        return list(dict.fromkeys([*firsts, *crossed, *lines]))

    def placed_points(self) -> dict[int, tuple[int, Cell]]:
        """The number of its kind and the cell of each of its points."""
        return {
            self.point(kind, cell): (number, cell)
            for number, (kind, cells) in enumerate(zip(self.kinds, self.cells, strict=True))
            for cell in cells
        }

    def point(self, kind: Kind, cell: Cell) -> int:
        """That of this kind in this cell, at the first value of axes that have no other."""
        places = dict(zip([*self.words, *self.numbers], [*kind, *cell], strict=True))
        return self.space.point([places.get(axis, 0) for axis in range(len(self.space.axes))])

    def placed(self, point: int) -> tuple[Kind, Cell]:
        """The kind and the cell of any point."""
        places = self.space.places(point)
        return tuple(places[axis] for axis in self.words), tuple(places[axis] for axis in self.numbers)


@lru_cache(maxsize=1)
def coarse_grid(space: Space) -> CoarseGrid:
    """That of `space`, which a sweep asks for several times: of many axes it takes seconds to find."""
    return CoarseGrid(space)


def drawn(points: Sequence[int]) -> list[int]:
    """Some of `points` from all over them, in their order; the same ones each time."""
    count = math.ceil(min(DRAWN * len(points), MOST_DRAWN))
    places = np.random.default_rng(0).choice(len(points), count, replace=False) if count else np.empty(0, np.int64)
    return [points[place] for place in sorted(places.tolist())]


def without(points: Sequence[int], some: Sequence[int]) -> Sequence[int]:
    """`points` but for `some`, in their order."""
    left_out = set(some)
    return [point for point in points if point not in left_out] if some else points


def in_stretches(space: Space, first: Sequence[int], others: Sequence[int], hands: int) -> list[int]:
    """`first`, then `others`, such that of so many equal stretches each begins with kinds of `first` of its own: what
    the points of a kind have in common is computed by one process. Of fewer kinds some stretches have none."""
    kinds = [coarse_grid(space).placed(point)[0] for point in first] if hands > 1 else [() for _ in first]
    numbers = {kind: number for number, kind in enumerate(sorted(set(kinds)))}
    turns = max(hands, len(numbers))
    every, left, found = len(first) + len(others), iter(others), list[int]()
    for hand in range(hands):
        found += [point for point, kind in zip(first, kinds, strict=True) if numbers[kind] * hands // turns == hand]
        found += islice(left, max(0, every * (hand + 1) // hands - len(found)))
    return found


def _old(cell: Cell) -> int:
    """On how many axes it does not stand at the first value."""
    return sum(map(bool, cell))


def _widths(counts: Sequence[int], most: int) -> list[int]:
    """How many values of axes of so many are crossed, two of each at least: always one more of the axis that has the
    widest gaps, as long as there are at most so many points."""
    widths = [min(2, count) for count in counts]
    while True:
        more = [[*widths[:axis], widths[axis] + 1, *widths[axis + 1 :]] for axis in range(len(widths))]
        fits = [axis for axis, one in enumerate(more) if one[axis] <= counts[axis] and math.prod(one) <= most]
        if not fits:
            return widths
        widths = more[max(fits, key=lambda axis: (counts[axis] - 1) / (widths[axis] - 1))]


def _spread(count: int, most: int) -> Sequence[int]:
    """Places among `count`, `most` of them at most, the first and the last among them."""
    return range(count) if count <= most else [place * (count - 1) // (most - 1) for place in range(most)]
