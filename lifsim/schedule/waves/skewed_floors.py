"""DRAM bytes that skewed strips cannot go below, of many heights side by side, without a look at any wave."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lifsim.lazy_dataclass import dataclass
from lifsim.schedule.tensors.rows import Ints, row_tiles
from lifsim.schedule.tensors.storage import packed_rows
from lifsim.schedule.waves.heights import Heights
from lifsim.schedule.waves.reads import OutsideReads
from lifsim.schedule.weights.demand import WeightDemand
from lifsim.schedule.weights.residency import best_weights

if TYPE_CHECKING:
    from lifsim.schedule.waves.skewed import SkewedGroup


@dataclass(frozen=True, eq=False)
class SkewedFloors:
    """Those of a group in these `strips` [n]."""

    group: SkewedGroup
    strips: Heights

    @property
    def each(self) -> Ints:
        """[n] bytes of weights, and what is known of the others."""
        floors: Ints = self.group.fetched_at_least(self._visits) + self._others
        return floors

    @property
    def _visits(self) -> Ints:
        """[n, layers] how often each layer's weights are needed."""
        group = self.group
        found = np.zeros((self.strips.heights.size, len(group.layers)), np.int64)
        for timesteps, count in group.windows.items():
            for place, facts in enumerate(group.layers):
                found[:, place] += count * self.strips.visits(place, timesteps if facts.when == "every" else 1)
        return group.chunks.count * found

    @property
    def _others(self) -> Ints:
        """[n] bytes of inputs at least, of psums, of membranes between windows, and of what leaves."""
        group = self.group
        trips = group.windows.total() - 1
        read, written = group.psums_abreast(self.strips.heights)
        found: Ints = group.fixed + self._entering + (read + written).sum(axis=1)
        for images, chunks in group.chunks.sizes:
            if images * group.state.bytes > group.buffers.membrane:
                beside = group.buffers.membrane - group.at_work_abreast(self.strips, images)
                found += 2 * chunks * trips * (images * group.state.bytes - beside)
        return found

    @property
    def _entering(self) -> Ints:
        """[n] bytes of inputs that come at least: with their halos where spike_in does not take all of them whole."""
        group = self.group
        found = np.zeros(self.strips.heights.size, np.int64)
        for images, chunks in group.chunks.sizes:
            for timesteps, count in group.windows.items():
                outside = OutsideReads(group.turns(group.waves(1), timesteps), group.buffers.spike_in, images)
                each = group.enters_in(timesteps) if outside.whole else self._turn_by_turn(timesteps)
                found += chunks * count * images * each
        return found

    def _turn_by_turn(self, timesteps: int) -> Ints:
        """[n] bytes of an image's inputs that the turns of a window need and have not."""
        group = self.group
        found = np.zeros(self.strips.heights.size, np.int64)
        for place, facts in enumerate(group.layers):
            if group.facts.tensors[facts.layer.input.name].producer not in group.rows.members:
                lines = timesteps if facts.when == "every" else 1
                windows, shared = self.strips.rows_read(place, lines, facts.rows.axis)
                rows = windows - shared if facts.layer.input.timesteps == 1 else windows
                found += rows.sum(axis=1) * packed_rows(facts.layer, group.facts.reals, 1).row_bytes
        return found


def least_of_higher(group: SkewedGroup) -> int:
    """Bytes below which strips higher than the map do not get, in windows of however many timesteps: each layer has a
    wave at least for every timestep in which it is computed, and inputs come once.

    Layers that run timestep by timestep, all of their inputs in spike_in, ask as much of the weight buffer.
    """
    layers, batch, known = group.layers, group.chunks.batch, set[str]()
    steps = [group.facts.timesteps if facts.when == "every" else 1 for facts in layers]
    enters = [np.zeros(1 + facts.tile_counts.size, np.int64) for facts in layers]
    for facts, each in zip(layers, enters, strict=True):
        tensor = facts.layer.input
        if tensor.name not in known and group.facts.tensors[tensor.name].producer not in group.rows.members:
            planes = min(tensor.timesteps, group.facts.timesteps)
            each += batch * planes * row_tiles(facts.rows.axis).covered * facts.rows.row_bytes
        known.add(tensor.name)
    demand = WeightDemand(
        layers=layers,
        visits=tuple(group.chunks.count * often for often in steps),
        row_visits=tuple(batch * often * facts.rows.axis.rows_out for often, facts in zip(steps, layers, strict=True)),
        absent=(0,) * len(layers),
        strips=(1,) * len(layers),
        asked=tuple(tuple(each.tolist()) for each in enters),
        buffer=group.buffers.weight,
    )
    spilled = sum(2 * batch * often * facts.psum_spill_bytes for often, facts in zip(steps, layers, strict=True))
    return best_weights(demand).moved + group.fixed + spilled
