"""The groups that a plan with the fewest bytes may consist of, found without planning most of the others.

n layers have n * (n + 1) / 2 groups, and planning one looks at each of its layers. But lower bounds (floors) of the
bytes are quick to compute for all groups at once (`lifsim.schedule.together`). So the search repeats two steps: find
the shortest path over the cuts, each group that is not planned yet weighing its floor; plan the groups on that path,
which gives their true bytes. It ends when all groups on the path are planned: no other sequence moves less. Then the
groups that might lie on a path of equal bytes are planned as well; any sequence with another group moves more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from lifsim.schedule.choices import Choice, Choices
from lifsim.schedule.tensors.rows import Ints
from lifsim.schedule.together import NEVER, Together
from lifsim.schedule.window import TIMESTEP, Window
from lifsim.watch import Watch, unwatched


def contenders(choices: Choices, watch: Watch = unwatched) -> list[Choice]:
    """All of `choices` that lie on a sequence with the fewest DRAM bytes, and some others, among them all single
    layers, in the order of `Choices.every`. In training, all choices: floors are then known for sizes of chunks
    only."""
    return _searched(choices, attrgetter("floors"), watch)


def _searched(choices: Choices, floors: Callable[[Together], Ints], watch: Watch) -> list[Choice]:
    if not choices.together or choices.trains:
        return choices.every()
    return _Search(choices, {way: floors(way) for way in choices.together}, choices.between, watch).found()


FEW_CUTS = 8
"""Up to how many cuts all groups are compared."""


def compared(choices: Choices, watch: Watch = unwatched) -> list[Choice]:
    """The `choices` whose cycles or energy are worth comparing. Playing one is expensive, so with many cuts those in
    waves are reduced to contenders, under floors that leave a wide choice."""
    if len(choices.cuts) <= FEW_CUTS:
        return choices.every()
    wide = _searched(choices, attrgetter("wide_floors"), watch)
    return [*choices.every(waves=False), *(one for one in wide if one.group.waves is not None)]


def fused_groups(choices: Choices, window: Window, watch: Watch) -> list[Choice]:
    """The contenders for the fewest bytes among fused groups and single layers in these windows; layers that share
    membranes run timestep by timestep. If the network has one timestep, every legal group counts as fused; in windows
    of one timestep, several layers run timestep by timestep."""

    def alone(first: int, end: int) -> list[Choice]:
        return [choices.planned(first, end, window if end - first == 1 else TIMESTEP)]

    if choices.facts.timesteps == 1:
        return contenders(choices, watch)
    from lifsim.schedule.waves.together import InWaves

    waves = [way for way in choices.together if isinstance(way, InWaves) and way.kind == "fused"]
    ways: Sequence[Together] = [replace(way, only=window) for way in waves]
    if window.across(choices.facts.timesteps) == TIMESTEP:
        ways = [way for way in choices.together if not isinstance(way, InWaves)]
    return _Search(choices, {way: way.floors for way in ways}, alone, watch).found()


Key = tuple[int, int, int]
"""A group: the indices of the cuts before and behind it, and of the way in which it runs. Layers that no cut separates
have one way, the last index."""


class _Search:
    """moved: [cuts, cuts, ways] bytes of the groups between two cuts, or their floors while they are not planned;
    known: the same of planned groups alone. floors: of all spans, by the way in which layers may run."""

    def __init__(
        self,
        choices: Choices,
        floors: Mapping[Together, Ints],
        alone: Callable[[int, int], list[Choice]],
        watch: Watch,
    ) -> None:
        self.choices, self.ways, self.watch = choices, list(floors), watch
        spans = np.ix_(choices.cuts[:-1], choices.cuts[1:])
        nowhere = np.full((len(choices.cuts) - 1, len(choices.cuts) - 1), NEVER)
        of_ways, size = np.stack([*(each[spans] for each in floors.values()), nowhere], axis=-1), len(choices.cuts)
        self.moved = np.full((size, size, len(self.ways) + 1), NEVER)
        self.moved[:-1, 1:] = np.where(np.tri(size - 1, k=0, dtype=np.bool_)[..., None], NEVER, of_ways)
        self.known = np.full_like(self.moved, NEVER)
        self.planned: dict[Key, list[Choice]] = {}
        for cut, (first, end) in enumerate(pairwise(choices.cuts)):
            self.moved[cut, cut + 1] = NEVER
            self._keep((cut, cut + 1, len(self.ways)), alone(first, end))
            watch("layers planned alone", cut + 1, size - 1)

    def found(self) -> list[Choice]:
        """The contenders."""
        while asked := [key for key in self._shortest() if key not in self.planned]:
            self._plan(asked)
        while asked := [key for key in self._on_shortest() if key not in self.planned]:
            self._plan(asked)
        return [choice for key in sorted(self.planned) for choice in self.planned[key]]

    def _plan(self, asked: list[Key]) -> None:
        """Plan those of the groups that may lie on a sequence which moves no more than the best planned one."""
        before, behind = self._from_ends()
        known = _distances(self.known.min(axis=-1))[0][-1]
        for one, other, way in asked:
            first, end = self.choices.cuts[one], self.choices.cuts[other]
            self._keep((one, other, way), self.ways[way].of(first, end, int(known - before[one] - behind[other])))
            self.watch("groups planned", len(self.planned), 0)

    def _keep(self, key: Key, found: list[Choice]) -> None:
        self.planned[key] = found
        self.moved[key] = self.known[key] = min((choice.dram_bytes for choice in found), default=NEVER)

    def _from_ends(self) -> tuple[Ints, Ints]:
        """([cuts], [cuts]) the fewest bytes up to each cut, and from it on."""
        least = self.moved.min(axis=-1)
        return _distances(least)[0], _distances(least[::-1, ::-1].T)[0][::-1]

    def _shortest(self) -> list[Key]:
        """The groups of a shortest path, the last one first."""
        least = self.moved.min(axis=-1)
        _, came = _distances(least)
        path, cut = list[Key](), len(least) - 1
        while cut > 0:
            before = int(came[cut])
            path.append((before, cut, int(self.moved[before, cut].argmin())))
            cut = before
        return path

    def _on_shortest(self) -> list[Key]:
        """The groups of all shortest paths."""
        before, behind = self._from_ends()
        through = before[:, None, None] + self.moved + behind[:, None]
        return [(int(one), int(other), int(way)) for one, other, way in np.argwhere(through <= before[-1])]


def _distances(least: Ints) -> tuple[Ints, NDArray[np.intp]]:
    """([cuts], [cuts]) the fewest bytes up to each cut, and the cut before the last group of that sequence."""
    size = len(least)
    total, came = np.zeros(size, np.int64), np.zeros(size, np.intp)
    for cut in range(1, size):
        sums = total[:cut] + least[:cut, cut]
        came[cut] = sums.argmin()
        total[cut] = sums[came[cut]]
    return total, came
