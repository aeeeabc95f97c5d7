"""A timestep-major group as a plan: the best chunk and strips, every byte with the layer that moves it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np

from lifsim.lazy_dataclass import dataclass
from lifsim.schedule.chip import BufferBytes
from lifsim.schedule.chunks import ChunkSizes, first_of_fewest
from lifsim.schedule.facts import NetworkFacts
from lifsim.schedule.plan import GroupPlan, Residency, Strip
from lifsim.schedule.tensors.products import gemm_of
from lifsim.schedule.tensors.rows import Ints
from lifsim.schedule.timestep.group import Chunks, Group, GroupCost, Walk
from lifsim.schedule.timestep.membranes import calls_of
from lifsim.schedule.timestep.step_cut import VisitShape, step_cut
from lifsim.schedule.traffic import DramBytes, LayerTraffic, Tiling
from lifsim.schedule.window import TIMESTEP

Width = Literal["widest", "narrowest"]
"""Which filter tile is taken of equals: a narrow one if buffers are double, since the next tile's weights are loaded
and the last tile's spikes stored while the array works; else a wide one, which needs fewer, longer transfers."""


def plan_group(
    facts: NetworkFacts,
    first: int,
    last: int,
    buffers: BufferBytes,
    batch: int,
    chunk: int | None,
    of_equals: Width = "widest",
) -> GroupPlan:
    """The plan of layers first..last, timestep-major, that moves the fewest DRAM bytes.

    It chooses the images of a chunk (trying all sizes if `chunk` is None), which layers run in strips of which height,
    and whether a layer that is computed once keeps its currents for the other timesteps or is computed again. Of filter
    tiles with equal bytes and cycles, `of_equals` says which. Raises ValueError for an empty batch.
    """
    chunks = ChunkSizes.of(batch, chunk)

    def look(place: int, limit: float) -> tuple[int, tuple[Group, GroupCost]] | None:
        size, best = Chunks(batch, int(chunks.images[place])), None
        for way in facts.ways(first, last):
            group = Group(way, first, last, buffers, size)
            cost = _cheapest(group, limit)
            if cost is not None:
                limit, best = cost.total, (cost.total, (group, cost))
        return best

    def floors(sizes: ChunkSizes) -> Ints:
        from lifsim.schedule.timestep.floors import chunk_floors

        return chunk_floors(facts, buffers, first, last, sizes)

    return planned(*first_of_fewest(chunks.floored(floors), look), of_equals)


def _cheapest(group: Group, limit: float) -> GroupCost | None:
    """The cost of `group`, with the best strips if layers may run in strips; None if it is not below `limit`."""
    if not group.in_strips:
        return group.cost_below(limit, {})
    from lifsim.schedule.timestep.strip_search import cheapest

    return cheapest(group, limit)


def planned(group: Group, cost: GroupCost, of_equals: Width = "widest") -> GroupPlan:
    """The plan of a group with the chosen chunk and strips: every byte of its `cost` is attributed to the layer that
    moves it. of_equals: as in `plan_group`."""
    reads, writes = membrane_moves(group, cost)
    split = cost.membranes[0]
    permanent = {
        group.facts.states[index].name: kept for index, kept in zip(group.states, split.permanent, strict=True)
    }
    strips = (
        Strip(group.in_strips[state].first, group.in_strips[state].last, rows) for state, rows in cost.heights.items()
    )
    layers = []
    for index, layer in enumerate(group.layers):
        put_out = [tensor.name for tensor in layer.layer.outputs]
        moved = DramBytes(
            weights=int(cost.weights[index]),
            spikes_in=int(cost.spikes_in[index] + cost.operand[index]),
            operand=int(cost.operand[index]),
            spikes_out=sum(cost.spikes_out.get(name, 0) for name in put_out),
            residual=int(cost.residual[index]),
            membrane_read=int(reads[index]),
            membrane_write=int(writes[index]),
            psum_read=int(cost.psum_read[index]),
            psum_write=int(cost.psum_write[index]),
        )
        again = layer.layer.rounds > layer.layer.input.timesteps
        layers.append(LayerTraffic(layer.layer.name, moved, _tiling(group, cost, index, of_equals), again))
    return GroupPlan(
        first=group.first,
        last=group.last,
        images=group.chunks.images,
        strips=tuple(sorted(strips, key=lambda strip: strip.first)),
        residency=Residency(cost.region, split.transient, permanent, split.reserved),
        layers=tuple(layers),
        window=TIMESTEP,
        walk=Walk(group, cost),
    )


def _tiling(group: Group, cost: GroupCost, index: int, of_equals: Width) -> Tiling:
    """How the `index`-th layer of a group is cut into rows and filters."""
    layer = group.layers[index]
    largest = max(int(cost.tile[index]) - 1, 0)
    alike = layer.tile_filters[largest + 1 - int(cost.alike[index]) : largest + 1]
    tiles = tuple((alike if of_equals == "narrowest" else alike[::-1]).tolist())
    rows, strips = layer.rows.axis.rows_out, tuple[int, ...]((0,))
    for state, height in cost.heights.items():
        relay = group.in_strips[state]
        if relay.first <= layer.layer.index <= relay.last:
            rows, strips = height, relay.starts(layer.layer.index, height)
    visit = VisitShape(gemm_of(layer.layer), strips, layer.rows.row_pixels, tiles, int(layer.tile_filters[0]))
    cut = step_cut(visit, group.facts.psums.of(layer.layer), group.psum_room)
    return Tiling(
        order="weights_outer",
        rows=rows,
        filters=cut.filters,
        row_tiles=-(-layer.rows.axis.rows_out // rows),
        filter_tiles=-(-layer.layer.group_filters // cut.filters),
        resident_weight_bytes=int(cost.pinned_weights[index]),
        resident_spike_bytes=0,
        cut=cut.into,
    )


def membrane_moves(group: Group, cost: GroupCost) -> tuple[Ints, Ints]:
    """([layers], [layers]) DRAM bytes of membranes that are read, and that are written, for the whole batch. The zero
    state before the first timestep is never read, and the state behind the last one never written."""
    reads, writes = np.zeros((2, len(group.layers)), np.int64)
    steps = group.facts.timesteps
    for size, (_, chunks) in enumerate(group.chunks.sizes):
        for move in calls(group, cost, size):
            reads[move.layer - group.first] += chunks * (move.read * (steps - move.first) + move.again * steps)
            writes[move.layer - group.first] += chunks * (move.written * (steps - move.last) + move.again * steps)
    return reads, writes


@dataclass(frozen=True)
class MembraneCall:
    """DRAM bytes of membranes around one LIF call of a layer, of one chunk in one timestep.

    read, written: bytes before and after the call. rest: the part of the state that does not stay on chip between the
    calls of a timestep. parts: how often, within the call, the rest leaves and comes back, because chains run in
    several parts. first, last: whether it is the timestep's first or last call on this state. image_bytes: size of the
    state of one image; of a chunk, which is stored image by image, the last bytes move.
    """

    layer: int
    read: int
    written: int
    rest: int
    parts: int
    first: bool
    last: bool
    image_bytes: int

    @property
    def again(self) -> int:
        """Bytes that leave, and come back, between the parts of its chains."""
        return self.rest * self.parts


def calls(group: Group, cost: GroupCost, size: int) -> Iterator[MembraneCall]:
    """The LIF calls of one timestep of a chunk with the `size`-th of the group's chunk sizes."""
    split = cost.membranes[size]
    uses = group.state_uses(group.chunks.sizes[size][0], cost.heights)
    for use, state, permanent in zip(uses, group.states, split.permanent, strict=True):
        moving = use.bytes - permanent
        transient = moving if use.stripped else min(moving, split.transient)
        parts = use.parts_apart(split.reserved)
        for call in calls_of(group.relays_of(state)):
            read, written = call.read(moving, transient), call.written(moving, transient)
            yield MembraneCall(
                layer=call.layer,
                read=read,
                written=written,
                rest=moving - transient,
                parts=parts,
                first=call.first,
                last=call.last,
                image_bytes=group.facts.states[state].bytes,
            )
