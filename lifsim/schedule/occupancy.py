"""How full a schedule makes each buffer: the most bytes at any time of what stays there and of the tile at work. That
is never more than a tile may fill, half of a double-buffered buffer, since the other half is being filled. What does
not fit streams through."""

from __future__ import annotations

from dataclasses import astuple

import numpy as np

from lifsim.hardware.array import Cut
from lifsim.model.network import Layer
from lifsim.schedule.chip import BufferBytes, Chip
from lifsim.schedule.plan import GroupPlan, Plan, Residency
from lifsim.schedule.tensors.products import gemm_of
from lifsim.schedule.tensors.psums import working_set_bytes
from lifsim.schedule.tensors.rows import row_tiles
from lifsim.schedule.tensors.storage import Reals, filter_bytes, images_together, tensor_bytes, tick_rows
from lifsim.schedule.tick.nest import staying_of
from lifsim.schedule.timestep.group import Group, Heights
from lifsim.schedule.timestep.spike_store import SpikeBuffers, walk_timestep
from lifsim.schedule.window import layers_of


def peak_bytes(plan: Plan, batch: int) -> BufferBytes:
    """The most bytes that each buffer holds at once under `plan`, of `batch` images."""
    facts, chip = plan.facts, plan.chip
    held = []
    for group in plan.groups:
        if group.waves is not None:
            from lifsim.schedule.waves.occupancy import wave_peak

            held.append(wave_peak(facts, chip, group))
        elif group.tiled:
            held.append(_tiled(facts.layers[group.first].layer, facts.reals, chip, batch, group))
        else:
            held.append(_timestep(group, chip))
    most = (max(sizes) for sizes in zip(*map(astuple, held), strict=True))
    return BufferBytes(*(min(size, limit) for size, limit in zip(most, astuple(chip.room), strict=True)))


def _tiled(every: Layer, reals: Reals, chip: Chip, batch: int, group: GroupPlan) -> BufferBytes:
    """A single layer, all timesteps of a tile or of a window. Membranes stay in the PEs, except those that the
    registers do not hold, and between two windows."""
    tiling, residency = group.layers[0].tiling, group.residency
    layer = max(layers_of(every, group.window), key=lambda one: (one.timesteps, len(one.outputs)))
    layout = tick_rows(layer, reals)
    tiles = row_tiles(layout.axis)
    images = images_together(layer, min(batch, group.images)) if tiling.order == "weights_outer" else 1
    groups = layer.groups // tiling.group_sets(layer.groups)
    row_bytes = groups * layout.row_bytes
    window = int(tiles.tallest_window[np.searchsorted(tiles.heights, tiling.rows)]) * row_bytes
    one_filter = groups * filter_bytes(layer, chip.precision.weight_bits, layer.rounds)
    tiles_of_weights = np.array(tiling.cut.filter_tiles(gemm_of(layer))) * one_filter
    sets, lasts = tiling.group_sets(layer.groups), tiling.lasting_weight_bytes
    kept = lasts or tiling.resident_weight_bytes
    stays = staying_of(np.tile(tiles_of_weights, sets if lasts else 1), kept, chip.room.weight)
    outputs = sum(tensor_bytes(tensor, reals) for tensor in layer.outputs)
    return BufferBytes(
        weight=kept + int((np.resize(tiles_of_weights, stays.size) - stays).max()),
        spike_in=_with_tile(tiling.resident_spike_bytes, window, images * tiles.covered * row_bytes),
        spike_out=-(-outputs * tiling.rows * tiling.filters * groups // (layout.axis.rows_out * layer.filters)),
        membrane=chip.held_bytes(layer, tiling) if residency is None else _membranes(residency),
        psum=_psums(layer, chip, tiling.cut, layer.rounds),
    )


def _membranes(residency: Residency) -> int:
    return sum(residency.permanent.values()) + residency.transient + residency.reserved


def _psums(layer: Layer, chip: Chip, cut: Cut, rounds: int) -> int:
    """Bytes of the psums that wait for a tile, in this many rounds at a time."""
    store, gemm = chip.psums.of(layer, cut.chains), gemm_of(layer, cut.chains)
    return max(working_set_bytes(tile, store, rounds) for tile, _ in cut.tiles(gemm))


def _with_tile(stays: int, tile: int, everything: int) -> int:
    """Bytes of what stays, plus the tile at work unless everything stays."""
    return everything if stays == everything else stays + tile


def _timestep(plan: GroupPlan, chip: Chip) -> BufferBytes:
    """A timestep-major group. Currents that wait to be replayed share the buffer with the psums of the layer at
    work."""
    group, residency = plan.walked.group, plan.residency
    if residency is None:
        raise ValueError("a timestep-major group must have a residency")
    pinned = [layer.tiling.resident_weight_bytes for layer in plan.layers]
    all_stay = pinned == [layer.weight_bytes for layer in group.layers]
    images, _ = group.chunks.sizes[0]
    replayed = sum(images * layer.replay_bytes for layer in group.layers)
    spike_in, spike_out = _spikes(group, plan.walked.cost.heights, images)
    cuts = (layer.tiling.cut for layer in plan.layers)
    working = [_psums(facts.layer, chip, cut, 1) for facts, cut in zip(group.layers, cuts, strict=True)]
    return BufferBytes(
        weight=sum(pinned) + (_largest_operand_tile(group, plan) if all_stay else residency.weight_region),
        spike_in=spike_in,
        spike_out=spike_out,
        membrane=_membranes(residency),
        psum=max(working) + replayed,
    )


def _largest_operand_tile(group: Group, plan: GroupPlan) -> int:
    """Bytes of the largest tile of a second operand, which passes beside weights that all stay."""
    layers = zip(group.layers, plan.layers, strict=True)
    return max((moved.tiling.filters * facts.filter_bytes for facts, moved in layers if facts.operand_bytes), default=0)


def _spikes(group: Group, heights: Heights, images: int) -> tuple[int, int]:
    """Bytes of spike_in and spike_out in the fullest timestep."""
    buffers = SpikeBuffers(group.buffers.spike_in, group.buffers.spike_out, images)
    walks = [walk_timestep(group.facts, group.spans(heights), buffers, now) for now, _ in group.timesteps()]
    return max(walk.most_in for walk in walks), max(walk.most_out for walk in walks)
