"""The traffic of a layer's product that runs twice in immediate succession: filter tile by filter tile if weights are
outermost, else group by group.

Data that stays on chip between the two runs is loaded once: the filter tile at work, pinned weights, pinned rows of all
images, or, if the rows of one image are pinned at a time, those of a single image.
"""

from __future__ import annotations

from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Layer
from lifsim.schedule.facts import LayerFacts
from lifsim.schedule.plan import GroupPlan
from lifsim.schedule.tensors.input_reads import traversal_reads
from lifsim.schedule.tensors.rows import row_tiles
from lifsim.schedule.tensors.storage import filter_bytes, tick_rows
from lifsim.schedule.timestep.group import Walk
from lifsim.schedule.timestep.spike_store import Timestep
from lifsim.schedule.traffic import DramBytes, LayerTraffic, Tiling
from lifsim.training.sizes import TrainingSizes


@dataclass(frozen=True)
class Again:
    """Bytes of the whole batch that the second run fetches. weights: at each of `visits`; spikes: the input as the
    first run fetched it, of which some `stay`."""

    visits: int
    weights: int
    spikes: int
    stay: int


def product_again(sizes: TrainingSizes, layer: Layer, group: GroupPlan) -> DramBytes:
    """Weights, inputs and spilled psums of the second run, bytes of the whole batch."""
    moved, again = group.layers[layer.index - group.first].dram, fetched_again(sizes, layer, group)
    return DramBytes(
        weights=again.visits * again.weights,
        spikes_in=again.spikes - again.stay,
        psum_read=moved.psum_read,
        psum_write=moved.psum_write,
    )


def fetched_again(sizes: TrainingSizes, layer: Layer, group: GroupPlan) -> Again:
    """Weights and inputs of the second run."""
    traffic = group.layers[layer.index - group.first]
    return _tick(sizes, layer, traffic) if group.walk is None else _Timestep(layer, traffic, group.walk).again


def _tick(sizes: TrainingSizes, layer: Layer, traffic: LayerTraffic) -> Again:
    tiling, room, moved = traffic.tiling, sizes.chip.tiles, traffic.dram.first_operand
    nests = tiling.group_sets(layer.groups)
    together = layer.groups // nests
    one = together * filter_bytes(layer, room.weight_bits, layer.rounds)
    tiles = [wide * one for wide in _widths(layer, tiling)]
    visits = nests * sizes.batch * tiling.row_tiles
    streams = sum(max(0, tile - room.weight) for tile in tiles)
    if tiling.order == "weights_outer":
        return Again(visits, streams, moved, nests * tiling.resident_spike_bytes)
    weights = streams if tiling.filter_tiles == 1 else sum(tiles) - tiling.resident_weight_bytes
    if sizes.batch > 1:
        return Again(visits, weights, moved, 0)
    layout = tick_rows(layer, sizes.facts.reals)
    image = row_tiles(layout.axis).covered * together * layout.row_bytes
    stays = min(image, room.spike_in) if tiling.row_tiles == 1 else tiling.resident_spike_bytes
    return Again(visits, weights, moved, nests * stays)


def _widths(layer: Layer, tiling: Tiling) -> list[int]:
    """The filters of every tile of a group; the last tile has the rest."""
    every = layer.group_filters
    return [min(tiling.filters, every - begin) for begin in range(0, every, tiling.filters)]


@dataclass(frozen=True)
class _Timestep:
    """A layer of a timestep-major group, whose two runs alternate within a visit, filter tile by filter tile."""

    layer: Layer
    traffic: LayerTraffic
    walk: Walk

    @property
    def again(self) -> Again:
        """The second run's bytes, with one fetch of the weights per row."""
        group, moved = self.walk.group, self.traffic.dram.first_operand
        rows = group.chunks.batch * self.layer.rounds * self._facts.rows.axis.rows_out
        spikes = sum(steps * self._spikes(now) for now, steps in group.timesteps() if now.has(self._facts.when))
        return Again(rows, self._streams, moved, moved - spikes)

    @property
    def _facts(self) -> LayerFacts:
        return self.walk.group.layers[self._place]

    @property
    def _place(self) -> int:
        return self.layer.index - self.walk.group.first

    @property
    def _streams(self) -> int:
        """Bytes of its weights that are fetched for every row: those of the tiles at work that neither fit into the
        region nor are pinned. The remaining bytes of a tile are on chip since the first run."""
        tiling, each, region = self.traffic.tiling, self._facts.filter_bytes, self.walk.cost.region
        beyond = sum(max(0, wide * each - region) for wide in _widths(self.layer, tiling))
        return max(0, self.layer.groups * beyond - tiling.resident_weight_bytes)

    def _spikes(self, now: Timestep) -> int:
        """Bytes of the input at a timestep: an input that fits into spike_in stays, of a larger one the pinned part
        does, and row tiles are those that read the fewest bytes for both runs."""
        group, index, facts = self.walk.group, self.layer.index, self._facts
        images, tile = group.chunks.images, int(self.walk.cost.tile[self._place])
        found = group.step_spikes(images, now, self.walk.cost.heights)
        if index in found.whole:
            return 0
        both = traversal_reads(facts, images, found.resident[index], group.buffers.spike_in, runs=2)
        return int(both[tile] - found.reads[index][tile])
