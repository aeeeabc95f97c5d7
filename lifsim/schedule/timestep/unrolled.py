"""A timestep-major group, timestep by timestep: what each layer moves in each timestep of each chunk of images.

An image that exits early moves nothing after its last timestep, and does not store what a next timestep would need.
What stays on chip from timestep to timestep is as planned for whole chunks: every image keeps its place until the chunk
ends. Spikes do not stay that long: their buffers are divided among the images that still run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from lifsim.lazy_dataclass import dataclass
from lifsim.schedule.chunks import at_ends
from lifsim.schedule.exits import Exits, of_last_bytes
from lifsim.schedule.facts import LayerFacts, NetworkFacts
from lifsim.schedule.timestep.group import Group, GroupCost, Walk
from lifsim.schedule.timestep.plan import MembraneCall, calls
from lifsim.schedule.timestep.spike_store import Timestep
from lifsim.schedule.traffic import DramBytes
from lifsim.schedule.weights.overflow import operand_bytes, overflow_bytes


@dataclass(frozen=True)
class LayerStep:
    """One layer (an index) in one timestep of one chunk, of which `images` run. resident: bytes of its input that are
    on chip before it begins; whole: whether spike_in holds the rest, read once; streams, again: bytes of its state that
    stream through the membrane buffer, and that are moved again for further parts of its chains."""

    chunk: int
    images: int
    timestep: int
    layer: int
    dram: DramBytes
    resident: int = 0
    whole: bool = False
    streams: int = 0
    again: int = 0

    def __hash__(self) -> int:
        return hash((self.chunk, self.timestep, self.layer, self.dram.total, self.streams))


def unroll(walk: Walk, exits: Exits | None = None) -> Iterator[LayerStep]:
    """The steps of a timestep-major group in order, images exiting as `exits` says (None: after all timesteps). Their
    bytes add up to those of the plan, layer by layer."""
    chunk = first = 0
    timesteps = walk.group.facts.timesteps
    for size, (images, chunks) in enumerate(walk.group.chunks.sizes):
        for _ in range(chunks):
            here = Exits.never(images, timesteps) if exits is None else exits.of_images(first, images)
            yield from _chunk(walk.group, walk.cost, size, chunk, here)
            chunk, first = chunk + 1, first + images


def unroll_ends(walk: Walk) -> Iterator[LayerStep]:
    """Of images that do not exit the steps of the first and the last timesteps of the first and the last chunks."""
    group, edges = walk.group, np.cumsum([0, *(chunks for _, chunks in walk.group.chunks.sizes)])
    timesteps = set(at_ends(group.facts.timesteps))
    for chunk in at_ends(int(edges[-1])):
        size = int(np.searchsorted(edges, chunk, side="right")) - 1
        exits = Exits.never(group.chunks.sizes[size][0], group.facts.timesteps)
        yield from (step for step in _chunk(group, walk.cost, size, chunk, exits) if step.timestep in timesteps)


@dataclass(frozen=True)
class _Running:
    """The images of a chunk of `of` images that run in a timestep, and those that also run in the next one."""

    of: int
    now: tuple[int, ...]
    next: tuple[int, ...]

    def of_state(self, call: MembraneCall, size: int, chosen: Sequence[int]) -> int:
        """How many of the `size` bytes that a call moves for the chunk belong to the `chosen` images."""
        return of_last_bytes(size, call.image_bytes, self.of, chosen)


def _chunk(group: Group, cost: GroupCost, size: int, chunk: int, exits: Exits) -> Iterator[LayerStep]:
    """The steps of a chunk, timestep by timestep; equal timesteps with the same images are computed once."""
    last_step = group.facts.timesteps - 1
    membranes = {call.layer: call for call in calls(group, cost, size)}
    waiting = group.replayed(len(exits.steps)).tolist()
    alike: dict[tuple[Timestep, _Running], list[LayerStep]] = {}
    for step in range(max(exits.steps)):
        now = Timestep(first=step == 0, last=step == last_step)
        running = _Running(len(exits.steps), exits.running(step), exits.running(step + 1))
        if found := alike.get((now, running)):
            yield from (replace(one, timestep=step) for one in found)
        else:
            alike[now, running] = list(_timestep(_Chunk(group, cost, chunk, membranes, waiting), step, now, running))
            yield from alike[now, running]


@dataclass(frozen=True)
class _Chunk:
    """A chunk of a group. membranes: the call of each layer; waiting: [layers] bytes of the currents that wait to be
    replayed."""

    group: Group
    cost: GroupCost
    number: int
    membranes: Mapping[int, MembraneCall]
    waiting: Sequence[int]


def _timestep(of: _Chunk, step: int, now: Timestep, running: _Running) -> Iterator[LayerStep]:
    group, cost, images = of.group, of.cost, len(running.now)
    spikes = group.step_spikes(images, now, cost.heights)
    for index, facts in enumerate(group.layers):
        layer = facts.layer.index
        done = 0 if now.last else images - len(running.next)
        put_out = sum(spikes.writes.get(tensor.name, 0) for tensor in facts.layer.outputs)
        computes = layer in spikes.reads
        read = operand = weights = 0
        if computes:
            absent = spikes.absent.get(layer, 0)
            operand = _operand(group, cost, index, absent) if absent else 0
            read = int(spikes.reads[layer][cost.tile[index]]) + operand
            newly = of.number == 0 and (now.last if facts.when == "last" else now.first)
            weights = _weights(group, cost, index, images, newly=newly)
        call = of.membranes.get(layer)
        membrane_read, membrane_write = _membranes(call, running, now) if call else (0, 0)
        psum_read, psum_write = _psums(facts, of.waiting[index], running, now, computes=computes)
        rest = running.of_state(call, call.rest, running.now) if call else 0
        yield LayerStep(
            chunk=of.number,
            images=images,
            timestep=step,
            layer=layer,
            dram=DramBytes(
                weights=weights,
                spikes_in=read,
                spikes_out=put_out + done * _put_out_at_the_end(group.facts, facts),
                residual=spikes.residual.get(layer, 0),
                membrane_read=membrane_read,
                membrane_write=membrane_write,
                psum_read=psum_read,
                psum_write=psum_write,
                operand=operand,
            ),
            resident=spikes.resident.get(layer, 0),
            whole=layer in spikes.whole,
            streams=rest,
            again=rest * call.parts if call else 0,
        )


def _put_out_at_the_end(facts: NetworkFacts, layer: LayerFacts) -> int:
    """Bytes that an image puts out once, when it is done, such as a mean over time."""
    outputs = [facts.tensors[tensor.name] for tensor in layer.layer.outputs]
    return sum(tensor.bytes for tensor in outputs if tensor.when == "last")


def _membranes(call: MembraneCall, running: _Running, now: Timestep) -> tuple[int, int]:
    """Bytes read and written. At the first timestep the state is zero and not read, at an image's last one it is not
    written."""
    again = call.parts * running.of_state(call, call.rest, running.now)
    read = 0 if call.first and now.first else running.of_state(call, call.read, running.now)
    written = running.of_state(call, call.written, running.next if call.last else running.now)
    return again + read, again + written


def _psums(facts: LayerFacts, overflow: int, running: _Running, now: Timestep, *, computes: bool) -> tuple[int, int]:
    """Bytes read and written: psums that spill while a layer computes, and `overflow` bytes of waiting currents,
    written at the first timestep and read at the others."""
    spilled = len(running.now) * facts.psum_spill_bytes * computes
    waiting = of_last_bytes(overflow, facts.replay_bytes, running.of, running.now)
    return spilled + waiting * (not now.first), spilled + waiting * now.first


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
    """Bytes of the second operands of this many images, as far as they are not on chip."""
    facts = group.layers[index]
    strips = group.visits_per_step(facts.layer.index, cost.heights)
    return absent * int(operand_bytes(facts, np.array([cost.region]), strips)[0])
