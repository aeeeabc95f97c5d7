"""Lines through the space of a sweep, whose points are run first: they show what it costs to change each axis.

Axes whose values are words (workload, architecture, sharing, a device) part the space into kinds. Of each kind there is
a base, all other axes at their first values, and from it a line along each of these axes. Two points beside the lines
show what one costs none of whose values is new.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from lifsim.sweeps.plan import NAMES, Plan
from lifsim.sweeps.space import Space

MOST_KINDS, MOST_VALUES = 32, 12
"""Of more, so many that are spread evenly."""

Kind = tuple[int, ...]
"""The places on the axes of words."""


class Lines:
    """Those of `space`. words, numbers: the axes (indices) of either sort that have several values; kinds: that have
    lines, in order, and shares: for how many each of them stands, itself and those behind it; values: by axis of
    numbers, the places on its lines; of_all_kinds: whether there is no kind without."""

    def __init__(self, space: Space) -> None:
        wide = [place for place, axis in enumerate(space.axes) if axis.values.count > 1]
        named = [axis.key in NAMES or isinstance(axis.values[0], str) for axis in space.axes]
        self.space = space
        self.words = [place for place in wide if named[place]]
        self.numbers = [place for place in wide if not named[place]]
        words = Space(tuple(space.axes[place] for place in self.words))
        chosen = _spread(words.points, MOST_KINDS)
        self.kinds = [words.places(number) for number in chosen]
        self.of_all_kinds = len(chosen) == words.points
        self.shares = [after - number for number, after in pairwise([*chosen, words.points])]
        self.values = {place: _spread(space.axes[place].values.count, MOST_VALUES) for place in self.numbers}

    def first(self) -> list[int]:
        """Points, in the order in which they tell most soonest: the bases, the ends of all lines, what lies between."""
        inner = [
            self.at(kind, axis, value) for kind in self.kinds for axis in self.numbers for value in self.values[axis]
        ]
        return list(dict.fromkeys([*self.ends(), *inner]))

    def ends(self) -> list[int]:
        """The points at which lines begin, the bases, and end."""
        bases = [self.at(kind) for kind in self.kinds]
        ends = [self.at(kind, axis, self.values[axis][-1]) for kind in self.kinds for axis in self.numbers]
        return [*bases, *ends]

    def beside(self) -> list[int]:
        """Points of which each value stands on a line, the second of which asks for little that the first one did not:
        of every kind that with the last values of all axes, then the one before it on the last of them."""
        if len(self.numbers) < 2:
            return []
        last = {axis: values[-1] for axis, values in self.values.items()}
        before = last | {self.numbers[-1]: self.values[self.numbers[-1]][-2]}
        found = [self._point(kind, end) for kind in self.kinds for end in (last, before)]
        on_lines = set(self.first())
        return [point for point in found if point not in on_lines]

    def at(self, kind: Kind, axis: int = 0, value: int = 0) -> int:
        """The point of a line of this kind that stands at `value` of `axis`."""
        return self._point(kind, {axis: value} if axis in self.numbers else {})

    def _point(self, kind: Kind, values: dict[int, int]) -> int:
        """Of this kind with these places on axes of numbers, the first on others."""
        places = dict(zip(self.words, kind, strict=True)) | values
        return self.space.point([places.get(axis, 0) for axis in range(len(self.space.axes))])

    def kind_of(self, places: Sequence[int]) -> Kind:
        """Of a point at these places."""
        return tuple(places[place] for place in self.words)

    def off(self, places: Sequence[int]) -> list[int]:
        """The axes of numbers on which it does not stand at the first value: of a base none, on a line one."""
        return [axis for axis in self.numbers if places[axis]]


def run_first(plan: Plan, pending: Sequence[int]) -> list[int]:
    """Points of lines, and those beside them, that are to be run before the others of `pending`: none of a sample, of a
    sweep that has begun before, or of one that hardly has other points."""
    if len(pending) < plan.job.space.points:
        return []
    lines = Lines(plan.job.space)
    first = [*lines.first(), *lines.beside()]
    return first if 2 * len(first) <= len(pending) else []


def without(points: Sequence[int], some: Sequence[int]) -> Sequence[int]:
    """`points` but for `some`, in their order."""
    left_out = set(some)
    return [point for point in points if point not in left_out] if some else points


def _spread(count: int, most: int) -> Sequence[int]:
    """Places among `count`, `most` of them at most, the first and the last among them."""
    return range(count) if count <= most else list(dict.fromkeys(_evenly(count, most)))


def _evenly(count: int, most: int) -> Iterator[int]:
    return (place * (count - 1) // (most - 1) for place in range(most))
