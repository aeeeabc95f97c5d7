"""What points of a sweep find anew, in the processes that run them one after the other.

A point computes what no point before it in its process has computed: of every set of axes of numbers, what depends on
these, unless a point of its kind before it has the same values on them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import chain, combinations, pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lifsim.sweeps.coarse import CoarseGrid

Floats = NDArray[np.float64]
Places = NDArray[np.int64]

MOST_AXES = 6
"""Of more axes of numbers, the slowest ones are in every set."""

ROOM = 8
"""Values are looked for in a table while that has at most so many places a point."""


class Groups(NamedTuple):
    """Points of a kind that find the same anew are a group. kind, new: [group] as of `Anew`; of: [point] its number."""

    kind: Places
    new: NDArray[np.uint64]
    of: Places


class Anew:
    """What is new at each of `points`, of which `hands` processes run equal stretches in this order.

    kind: [point] which of the kinds of `grid` stands for its own. sets: of the axes of numbers, and new: [point] a bit
    for each of these that is new.
    """

    def __init__(self, grid: CoarseGrid, points: Sequence[int], hands: int) -> None:
        numbers, axes = np.asarray(points, np.int64), range(len(grid.shape))
        self._slow, fast = axes[:-MOST_AXES], axes[-MOST_AXES:]
        subsets = chain.from_iterable(combinations(fast, size) for size in range(len(fast) + 1))
        self.sets = [(*self._slow, *subset) for subset in subsets]
        kinds = np.zeros(len(numbers), np.int64)
        for axis in grid.words:
            kinds = kinds * grid.count(axis) + grid.places(axis, numbers)
        self.kind = np.searchsorted(np.cumsum(grid.shares), kinds, side="right")
        places = [grid.places(axis, numbers) for axis in grid.numbers]
        cuts = [len(numbers) * hand // hands for hand in range(hands + 1)]
        self.new = np.zeros(len(numbers), np.uint64)
        for bit, chosen in enumerate(self.sets):
            key = kinds
            for axis in chosen:
                key = key * grid.shape[axis] + places[axis]
            for begin, end in pairwise(cuts):
                self.new[begin + _firsts(key[begin:end])] |= np.uint64(1 << bit)
        # How much is new is told by the sets, not by the first value of an axis.
        beyond = [np.maximum(each, 0 if axis in self._slow else 1) for axis, each in enumerate(places)]
        self.place = np.ravel_multi_index(tuple(beyond), grid.shape) if grid.shape else np.zeros_like(kinds)

    @cached_property
    def groups(self) -> Groups:
        """Its points by what they find anew."""
        seen, group = np.unique(np.stack([self.kind.astype(np.uint64), self.new]), axis=1, return_inverse=True)
        return Groups(seen[0].astype(np.int64), seen[1], group.ravel())

    def seconds(self, every: Sequence[Floats]) -> Floats:
        """[point] what each takes. every: by kind, [value, by axis of numbers] what its points take in the order of the
        space, where those at the first value of an axis are the first ones with their values on the others."""
        found = np.zeros(len(self.place))
        for kind, took in enumerate(every):
            own = np.flatnonzero(self.kind == kind)
            for bit, axes in enumerate(self.sets):
                some = own[(self.new[own] >> np.uint64(bit) & np.uint64(1)).astype(np.bool_)]
                found[some] += self._of_set(took, axes).ravel()[self.place[some]]
        return found

    def _of_set(self, every: Floats, axes: Sequence[int]) -> Floats:
        """[value, by axis of numbers] what depends on all of `axes` and on no others, by inclusion and exclusion."""
        for axis in set(range(every.ndim)).difference(axes):
            every = np.repeat(every.take([0], axis) - every.take([1], axis), every.shape[axis], axis)
        return every


def _firsts(keys: Places) -> Places:
    """The places of `keys` at which a key is for the first time."""
    most = int(keys.max(initial=0)) + 1
    if most > ROOM * len(keys):
        return np.unique(keys, return_index=True)[1]
    table = np.full(most, -1)
    table[keys[::-1]] = np.arange(len(keys))[::-1]  # of those with the same key the first one is written last
    return table[table >= 0]
