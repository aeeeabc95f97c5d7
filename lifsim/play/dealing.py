"""The cycles of layers, which know no waiting for DRAM, dealt to their steps by what these work on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from lifsim.accounting.counts import LayerCounts
from lifsim.distinct import distinct
from lifsim.lazy_dataclass import dataclass
from lifsim.play.stretches import Stretch
from lifsim.schedule.moves import ALL_ROUNDS, shares_between
from lifsim.schedule.rows import Ints


@dataclass(frozen=True)
class StepWork:
    """What steps work on, each column [steps]. layer: index of what the step belongs to; round: of `Visit.rounds`;
    outputs, tiles: by which the cycles of LIF units and of the array are dealt."""

    layer: Ints
    round: Ints
    outputs: Ints
    tiles: Ints

    @classmethod
    def of(cls, stretch: Stretch) -> StepWork:
        """All steps of a stretch."""
        return cls(stretch.layer, stretch.rounds, stretch.outputs, stretch.array_shares)

    def by_layer(self) -> Iterator[tuple[int, Ints]]:
        """(layer, its steps) of the layers that have some."""
        for index in distinct(self.layer).tolist():
            yield index, np.flatnonzero(self.layer == index)

    def by_round(self, mine: Ints) -> Iterator[tuple[int, Ints]]:
        """(round, its steps) among the steps `mine` of a layer."""
        rounds = self.round[mine]
        for number in distinct(rounds).tolist():
            yield number, mine[rounds == number]


class WorkSums:
    """Sums over all steps, of outputs by layer, of tiles by layer and round."""

    def __init__(self) -> None:
        self.outputs = dict[int, int]()
        self.tiles = dict[int, dict[int, int]]()

    def add(self, work: StepWork) -> None:
        """More steps."""
        for layer, mine in work.by_layer():
            self.outputs[layer] = self.outputs.get(layer, 0) + int(work.outputs[mine].sum())
            of_round = self.tiles.setdefault(layer, {})
            for number, steps in work.by_round(mine):
                of_round[number] = of_round.get(number, 0) + int(work.tiles[steps].sum())


def dealt_cycles(counted: LayerCounts) -> tuple[object, ...]:
    """All of `counted` that a `Dealer` looks at."""
    rounds = [(one.array_cycles, one.fill_drain_cycles) for one in counted.timesteps]
    return counted.cycles.total, counted.cycles.array, counted.cycles.fill_drain, counted.cycles.lif, rounds


class Dealer:
    """Deals the cycles of `counts` to steps that come in order, as many at a time as one likes; sums: of all of them.

    The array's cycles of a round go to its steps as their tiles take them; those of LIF units and of SRAM ports to all
    steps of a layer by their outputs.
    """

    def __init__(self, counts: Sequence[LayerCounts], sums: WorkSums) -> None:
        self._counts, self._sums, self._dealt = counts, sums, WorkSums()
        self._running = {layer: self._running_of(layer) for layer in sums.tiles}

    def of(self, work: StepWork) -> Ints:
        """[steps] cycles of the next steps."""
        cycles = np.zeros(work.layer.size, np.int64)
        for layer, mine in work.by_layer():
            counted, summed = self._counts[layer].cycles, self._sums.outputs[layer]
            running, before = counted.array + counted.fill_drain, self._dealt.outputs.get(layer, 0)
            for total in (counted.lif, counted.total - running - counted.lif):
                cycles[mine] += shares_between(total, work.outputs[mine], before, summed)
            for number, steps in work.by_round(mine):
                before = self._dealt.tiles.get(layer, {}).get(number, 0)
                whole = self._sums.tiles[layer][number]
                cycles[steps] += shares_between(self._running[layer][number], work.tiles[steps], before, whole)
        self._dealt.add(work)
        return cycles

    def _running_of(self, layer: int) -> dict[int, int]:
        """By round, cycles of the array for that round of a layer, and for those up to the next one with which visits
        begin; none for LIFs alone."""
        counted, rounds = self._counts[layer], self._sums.tiles[layer]
        if set(rounds) == {ALL_ROUNDS}:
            return {ALL_ROUNDS: counted.cycles.array + counted.cycles.fill_drain}
        computed = sorted(one for one in rounds if one >= 0)
        found = dict.fromkeys(rounds, 0)
        for number, behind in pairwise([*computed, len(counted.timesteps)]):
            done = counted.timesteps[number:behind]
            found[number] = sum(one.array_cycles + one.fill_drain_cycles for one in done)
        return found
