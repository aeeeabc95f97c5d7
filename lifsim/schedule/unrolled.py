"""A timestep-major group, timestep by timestep: what each layer moves in each timestep of each chunk of images."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from lifsim.schedule.group import Group, GroupCost, Walk
from lifsim.schedule.spike_store import Timestep
from lifsim.schedule.timestep import MembraneCall, calls
from lifsim.schedule.traffic import DramBytes
from lifsim.schedule.weight_residency import operand_bytes, overflow_bytes


@dataclass(frozen=True)
class LayerStep:
    """One layer (an index) in one timestep of one chunk of `images`. resident: bytes of its input that are on chip
    before it begins; whole: whether spike_in takes the others once; streams, again: of its state, the bytes that stream
    through the membrane buffer, and those that come and go for further parts of its chains."""

    chunk: int
    images: int
    timestep: int
    layer: int
    dram: DramBytes
    resident: int = 0
    whole: bool = False
    streams: int = 0
    again: int = 0


def unroll(walk: Walk) -> Iterator[LayerStep]:
    """The steps of a timestep-major group in order. Their bytes add up to its plan's, layer by layer."""
    chunk = 0
    for size, (_, chunks) in enumerate(walk.group.chunks.sizes):
        for _ in range(chunks):
            yield from _chunk(walk.group, walk.cost, size, chunk)
            chunk += 1


def _chunk(group: Group, cost: GroupCost, size: int, chunk: int) -> Iterator[LayerStep]:
    images = group.chunks.sizes[size][0]
    last_step = group.facts.timesteps - 1
    membranes = {call.layer: call for call in calls(group, cost, size)}
    for step in range(last_step + 1):
        now = Timestep(first=step == 0, last=step == last_step)
        spikes = group.step_spikes(images, now, cost.heights)
        for index, facts in enumerate(group.layers):
            layer = facts.layer.index
            moved = DramBytes(
                spikes_out=sum(spikes.writes.get(tensor.name, 0) for tensor in facts.layer.outputs),
                residual=spikes.residual.get(layer, 0),
            )
            if layer in spikes.reads:
                read = int(spikes.reads[layer][cost.tile[index]])
                newly = chunk == 0 and (now.last if facts.when == "last" else now.first)
                operand = _operand(group, cost, index, spikes.absent.get(layer, 0))
                weights = _weights(group, cost, index, images, newly=newly)
                moved += DramBytes(weights=weights, spikes_in=read + operand, operand=operand)
            call = membranes.get(layer)
            if call is not None:
                moved += _membranes(call, now)
            moved += _psums(group, index, images, now, computes=layer in spikes.reads)
            yield LayerStep(
                chunk=chunk,
                images=images,
                timestep=step,
                layer=layer,
                dram=moved,
                resident=spikes.resident.get(layer, 0),
                whole=layer in spikes.whole,
                streams=call.rest if call else 0,
                again=call.again if call else 0,
            )


def _membranes(call: MembraneCall, now: Timestep) -> DramBytes:
    """The first timestep finds a zero state, the last one leaves none."""
    return DramBytes(
        membrane_read=call.again + (0 if call.first and now.first else call.read),
        membrane_write=call.again + (0 if call.last and now.last else call.written),
    )


def _psums(group: Group, index: int, images: int, now: Timestep, *, computes: bool) -> DramBytes:
    """What spills while a layer computes; currents that wait are written at the first timestep, read at the others."""
    spilled = images * group.layers[index].psum_spill_bytes * computes
    waiting = int(group.replayed(images)[index])
    return DramBytes(psum_read=spilled + waiting * (not now.first), psum_write=spilled + waiting * now.first)


def _weights(group: Group, cost: GroupCost, index: int, images: int, *, newly: bool) -> int:
    """Weights that a layer fetches in one timestep of a chunk; pinned ones only when they are `newly` needed."""
    facts = group.layers[index]
    if not facts.weight_bytes:
        return 0
    pinned = int(cost.pinned_weights[index])
    overflow = int(overflow_bytes(facts, np.array([cost.region]))[0]) if cost.tile[index] == 0 else 0
    streamed = overflow - min(pinned, overflow)
    held = facts.weight_bytes - pinned - streamed
    rows = images * facts.rows.axis.rows_out
    return held * group.visits_per_step(facts.layer.index, cost.heights) + streamed * rows + pinned * newly


def _operand(group: Group, cost: GroupCost, index: int, absent: int) -> int:
    """Second operands of so many images, those that are not on chip."""
    facts = group.layers[index]
    strips = group.visits_per_step(facts.layer.index, cost.heights)
    return absent * int(operand_bytes(facts, np.array([cost.region]), strips)[0])
