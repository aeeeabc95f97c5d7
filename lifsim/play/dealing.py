"""The cycles of layers, without waits for DRAM, distributed over their steps in proportion to the steps' work."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise

import numpy as np

from lifsim.accounting.counts import LayerCounts
from lifsim.lazy_dataclass import dataclass
from lifsim.play.stretches import Stretch
from lifsim.schedule.tensors.moves import ALL_ROUNDS, shares_between
from lifsim.schedule.tensors.rows import Ints


@dataclass(frozen=True)
class StepWork:
    """The work of steps, each column [steps]. layer: index of the step's layer; round: as in `Visit.rounds`; outputs,
    tiles: weights by which the cycles of LIF units and of the array are distributed."""

    layer: Ints
    round: Ints
    outputs: Ints
    tiles: Ints

    @classmethod
    def of(cls, stretch: Stretch) -> StepWork:
        """All steps of a stretch."""
        return cls(stretch.layer, stretch.rounds, stretch.outputs, stretch.array_shares)

    @cached_property
    def by_layer(self) -> Groups:
        """The steps of each layer, grouped by layer."""
        return Groups.of(self.layer)

    @cached_property
    def by_round(self) -> Groups:
        """The steps of each round of a layer, grouped by layer and round."""
        return Groups.of(self.layer, self.round)


@dataclass(frozen=True)
class Groups:
    """Groups of steps with equal keys. keys: [groups]; order: [steps] indices of the steps, group after group, in their
    own order; begins: [groups] where each group begins in `order`."""

    keys: list[tuple[int, ...]]
    order: Ints
    begins: Ints

    @classmethod
    def of(cls, *keys: Ints) -> Groups:
        """Group steps by `keys`, each [steps]."""
        order = np.lexsort(keys[::-1])
        columns = np.stack([key[order] for key in keys])
        begins = np.flatnonzero(np.diff(columns, axis=1, prepend=-(1 << 62)).any(axis=0))
        return cls(list(map(tuple, columns[:, begins].T.tolist())), order, begins)

    def sums(self, weights: Ints) -> list[int]:
        """[groups] of `weights` [steps]."""
        found: list[int] = np.add.reduceat(weights[self.order], self.begins).tolist()
        return found

    def shares(self, totals: list[int], weights: Ints, before: list[int], summed: list[int]) -> Ints:
        """[steps] `shares_between` of each group's total, by its `weights` [steps]."""
        found, mine = np.empty_like(weights), weights[self.order]
        if any(total >= (1 << 62) // max(whole, 1) for total, whole in zip(totals, summed, strict=True)):
            each = zip(totals, np.split(mine, self.begins[1:]), before, summed, strict=True)
            found[self.order] = np.concatenate([shares_between(*group) for group in each])
            return found
        size = np.diff(self.begins, append=mine.size)
        passed, whole = np.cumsum(mine), np.maximum(summed, 1)
        passed += np.repeat(before - (passed[self.begins] - mine[self.begins]), size)
        edges = np.repeat(totals, size) * passed // np.repeat(whole, size)
        parts = np.diff(edges, prepend=0)
        parts[self.begins] = edges[self.begins] - np.multiply(totals, before) // whole
        found[self.order] = parts
        return found


class WorkSums:
    """Sums over all steps, of outputs by layer, of tiles by layer and round."""

    def __init__(self) -> None:
        self.outputs = dict[int, int]()
        self.tiles = dict[int, dict[int, int]]()

    def add(self, work: StepWork) -> None:
        """More steps."""
        for (layer,), outputs in zip(work.by_layer.keys, work.by_layer.sums(work.outputs), strict=True):
            self.outputs[layer] = self.outputs.get(layer, 0) + outputs
        for (layer, number), tiles in zip(work.by_round.keys, work.by_round.sums(work.tiles), strict=True):
            of_round = self.tiles.setdefault(layer, {})
            of_round[number] = of_round.get(number, 0) + tiles


def dealt_cycles(counted: LayerCounts) -> tuple[object, ...]:
    """All parts of `counted` that a `Dealer` reads."""
    rounds = [(one.array_cycles, one.fill_drain_cycles) for one in counted.timesteps]
    return counted.cycles.total, counted.cycles.array, counted.cycles.fill_drain, counted.cycles.lif, rounds


class Dealer:
    """Distributes the cycles of `counts` over steps that come in order, any number at a time; sums: over all steps.

    The array's cycles of a round are distributed by the tiles of its steps, those of LIF units and of waits for SRAM
    ports over all steps of a layer by their outputs.
    """

    def __init__(self, counts: Sequence[LayerCounts], sums: WorkSums) -> None:
        self._counts, self._sums, self._dealt = counts, sums, WorkSums()
        self._running = {layer: self._running_of(layer) for layer in sums.tiles}

    def of(self, work: StepWork) -> Ints:
        """[steps] cycles of the next steps."""
        layers, rounds = work.by_layer, work.by_round
        counted = [self._counts[layer].cycles for (layer,) in layers.keys]
        before = [self._dealt.outputs.get(layer, 0) for (layer,) in layers.keys]
        summed = [self._sums.outputs[layer] for (layer,) in layers.keys]
        waits = [each.total - each.array - each.fill_drain - each.lif for each in counted]
        cycles = layers.shares([each.lif for each in counted], work.outputs, before, summed)
        cycles += layers.shares(waits, work.outputs, before, summed)
        running = [self._running[layer][number] for layer, number in rounds.keys]
        before = [self._dealt.tiles.get(layer, {}).get(number, 0) for layer, number in rounds.keys]
        summed = [self._sums.tiles[layer][number] for layer, number in rounds.keys]
        cycles += rounds.shares(running, work.tiles, before, summed)
        self._dealt.add(work)
        return cycles

    def _running_of(self, layer: int) -> dict[int, int]:
        """By round, cycles of the array for that round of a layer and the following ones, up to the next with which
        visits begin; none if only LIFs run."""
        counted, rounds = self._counts[layer], self._sums.tiles[layer]
        if set(rounds) == {ALL_ROUNDS}:
            return {ALL_ROUNDS: counted.cycles.array + counted.cycles.fill_drain}
        computed = sorted(one for one in rounds if one >= 0)
        found = dict.fromkeys(rounds, 0)
        for number, behind in pairwise([*computed, len(counted.timesteps)]):
            done = counted.timesteps[number:behind]
            found[number] = sum(one.array_cycles + one.fill_drain_cycles for one in done)
        return found
