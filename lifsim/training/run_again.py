"""What a layer's product moves when it runs a second time right behind the first, filter tile by filter tile where
weights are outermost, else group by group.

What stays on chip from one run to the other comes once: a filter tile at work, pinned weights, pinned rows of all
images, or, where one image's are pinned at a time, of an image alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from lifsim.model.network import Layer
from lifsim.schedule.group import Walk
from lifsim.schedule.plan import GroupPlan
from lifsim.schedule.rows import row_tiles
from lifsim.schedule.storage import filter_bytes, tick_rows
from lifsim.schedule.traffic import DramBytes, LayerTraffic
from lifsim.training.sizes import TrainingSizes


@dataclass(frozen=True)
class Again:
    """Bytes of the whole batch that the second run fetches. weights: at each of so many `visits`; spikes: the input as
    the first run fetched it, of which some `stay`."""

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
    return _tick(sizes, layer, traffic) if group.walk is None else _timestep(layer, traffic, group.walk)


def _tick(sizes: TrainingSizes, layer: Layer, traffic: LayerTraffic) -> Again:
    tiling, room, moved = traffic.tiling, sizes.chip.tiles, traffic.dram.first_operand
    nests = tiling.group_sets(layer.groups)
    together = layer.groups // nests
    one = together * filter_bytes(layer, room.weight_bits, layer.rounds)
    tiles = [min(tiling.filters, layer.group_filters - begin) * one
             for begin in range(0, layer.group_filters, tiling.filters)]  # fmt: skip
    visits = nests * sizes.batch * tiling.row_tiles
    streams = sum(max(0, tile - room.weight) for tile in tiles)
    if tiling.order == "weights_outer":
        return Again(visits, streams, moved, nests * tiling.resident_spike_bytes)
    weights = streams if tiling.filter_tiles == 1 else sum(tiles) - tiling.resident_weight_bytes
    if sizes.batch > 1:
        return Again(visits, weights, moved, 0)
    layout = tick_rows(layer, sizes.facts.reals)
    image = int(row_tiles(layout.axis).covered) * together * layout.row_bytes
    stays = min(image, room.spike_in) if tiling.row_tiles == 1 else tiling.resident_spike_bytes
    return Again(visits, weights, moved, nests * stays)


def _timestep(layer: Layer, traffic: LayerTraffic, walk: Walk) -> Again:
    """A filter tile that fits the region stays; of one that streams through it, the next run takes
    no less than the first, but for what is pinned. An input that spike_in has taken whole stays, others come again."""
    place = layer.index - walk.group.first
    fits = int(walk.cost.tile[place]) > 0
    weights = 0 if fits else traffic.dram.weights - traffic.tiling.resident_weight_bytes
    moved = traffic.dram.first_operand
    return Again(1, weights, moved, moved if _stays_whole(layer, walk) else 0)


def _stays_whole(layer: Layer, walk: Walk) -> bool:
    """Whether spike_in takes its input whole whenever it is computed."""
    group, images = walk.group, walk.group.chunks.images
    when = group.layers[layer.index - group.first].when
    return all(
        layer.index in group.step_spikes(images, now, walk.cost.heights).whole
        for now, _ in group.timesteps()
        if now.has(when)
    )
