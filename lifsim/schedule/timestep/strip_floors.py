"""DRAM bytes that a timestep-major group cannot go below with strips of some heights, known before what it moves."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import cached_property

import numpy as np

from lifsim.lazy_dataclass import dataclass
from lifsim.schedule.tensors.rows import Ints
from lifsim.schedule.timestep.group import Group, Heights
from lifsim.schedule.timestep.spike_store import StepSpikes
from lifsim.schedule.timestep.strips import Relay
from lifsim.schedule.weights.residency import best_weights


@dataclass(frozen=True, eq=False)
class StripFloors:
    """Those of one group."""

    group: Group

    def first(self, heights: Heights) -> int:
        """All but membranes, and spikes within the group: weights that do not fit come again for every strip."""
        return self.group.fetched_at_least(self.group.strips(heights)) + self._handed_over + self._psums

    def nearer(self, heights: Heights) -> int:
        """All but spikes within the group: beside the filter tiles that pass the weight buffer."""
        reads = [np.zeros(1 + len(facts.tile_bytes), np.int64) for facts in self.group.layers]
        weights = self._with_reads(self.group.strips(heights), reads)
        return weights + self._handed_over + self._psums + self._membranes(heights)

    def of_any(self, strips: Sequence[int], waiting: Heights, windows: Heights, unread: Collection[Relay]) -> int:
        """Those of any heights with which each layer works in no fewer `strips` [layers], as much of spike_out is taken
        as with those of `waiting`, and as much of the membrane buffer as with those of `windows`, or more. unread:
        relays whose inputs may take any bytes."""
        reads, _, residual, written = self.group.spikes(waiting)
        for relay in unread:
            for each in reads[relay.first - self.group.first : relay.last + 1 - self.group.first]:
                each[:] = 0
        spikes = int(residual.sum()) + sum(written.values())
        return self._with_reads(strips, reads) + self._psums + self._membranes(windows) + spikes

    def _with_reads(self, strips: Sequence[int], reads: Sequence[Ints]) -> int:
        """Weights and inputs [layers][1 + m], beside the filter tiles that pass the weight buffer."""
        nothing = np.zeros(len(self.group.layers), np.int64)
        return best_weights(self.group.weight_demand(strips, nothing, reads)).moved

    def held_beside(self, heights: Heights) -> list[tuple[object, ...]]:
        """What spike_out holds for layers, and what leaves it, chunk size by chunk size and timestep by timestep."""
        return [
            (found.resident, found.whole, found.absent, found.residual, found.writes)
            for found in self._timesteps(heights)
        ]

    def reads_whole(self, relay: Relay, heights: Heights) -> bool:
        """Whether spike_in takes all inputs from outside of a relay in strips: these then read nothing twice."""
        facts, members = self.group.facts, range(relay.first, relay.last + 1)
        outside = {
            layer for layer in members if facts.tensors[facts.layers[layer].layer.input.name].producer not in members
        }
        return all(outside.intersection(found.resident) <= found.whole for found in self._timesteps(heights))

    def _timesteps(self, heights: Heights) -> Iterator[StepSpikes]:
        for images, _ in self.group.chunks.sizes:
            for now, _ in self.group.timesteps():
                yield self.group.step_spikes(images, now, heights)

    def _membranes(self, heights: Heights) -> int:
        return self.group.membrane_bytes(self.group.membrane_splits(heights))

    @cached_property
    def _handed_over(self) -> int:
        """Outputs that leave the group, which no choice within it changes."""
        group = range(self.group.first, self.group.last + 1)
        steps = {"every": self.group.facts.timesteps, "first": 1, "last": 1}
        return self.group.chunks.batch * sum(
            steps[tensor.when] * tensor.bytes
            for tensor in self.group.facts.made(self.group.first, self.group.last)
            if not tensor.readers or any(reader not in group for reader in tensor.readers)
        )

    @cached_property
    def _psums(self) -> int:
        """No choice within the group changes them, either."""
        moved: Sequence[Ints] = self.group.psums
        return int(sum(each.sum() for each in moved))
