"""Which spikes stay on chip between the layers of a group, within one timestep of a chunk.

spike_in holds the input of the layer at work (of a relay in strips: all inputs from outside it) if all of it fits.
spike_out holds what layers hand over: outputs that a later layer of the group reads, and operands of residual adds. A
second operand passes through the weight buffer tile by tile, from spike_out or from DRAM; whole images of its tensor
stay. If spike_out is too small, what is read soonest stays (Belady's rule), and the rest goes to DRAM and comes back. A
tensor's bytes leave from its end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field
from functools import lru_cache

from lifsim.lazy_dataclass import dataclass
from lifsim.schedule.facts import NetworkFacts, TensorFacts
from lifsim.schedule.tensors.input_reads import strip_reads, traversal_reads, whole_reads
from lifsim.schedule.tensors.rows import Ints


@dataclass(frozen=True)
class Span:
    """Layers first..last that run together: one, or several in strips. window_bytes: bytes per image of the spikes
    between layers in strips that wait in spike_out for the next strip."""

    first: int
    last: int
    window_bytes: int = 0

    def __contains__(self, layer: int | None) -> bool:
        return layer is not None and self.first <= layer <= self.last


@dataclass(frozen=True)
class Timestep:
    """Whether it is the first timestep, which computes what is replayed, or the last, which computes what is behind a
    mean."""

    first: bool
    last: bool

    def has(self, when: str) -> bool:
        """Whether what happens `when` ("every", "first", "last") happens now."""
        return when == "every" or (when == "first" and self.first) or (when == "last" and self.last)


@dataclass(frozen=True)
class SpikeBuffers:
    """Bytes of the two buffers, and the images that share them."""

    spike_in: int
    spike_out: int
    images: int


@dataclass
class Residency:
    """One timestep of one chunk, bytes. inputs: by layer that computes, how much of its input is on chip; operands: by
    layer that has a second operand, images of which it is; whole: layers whose input spike_in takes; residual_reads: by
    layer, operands from DRAM; writes: by tensor, what goes to DRAM; kept: by span, what spike_out holds of each tensor.
    most_in, most_out: what spike_in and spike_out hold at most; an input that does not fit fills spike_in."""

    inputs: dict[int, int] = field(default_factory=dict)
    operands: dict[int, int] = field(default_factory=dict)
    whole: set[int] = field(default_factory=set)
    residual_reads: dict[int, int] = field(default_factory=dict)
    writes: dict[str, int] = field(default_factory=dict)
    kept: list[dict[str, int]] = field(default_factory=list)
    most_in: int = 0
    most_out: int = 0


@dataclass(frozen=True)
class StepSpikes:
    """Spikes of one timestep of a chunk, bytes. reads: by layer that computes, [1 + m] of its input by filter tile;
    resident: by layer, what of its input is on chip; whole: layers whose input spike_in takes; absent: images whose
    second operand is not on chip; residual: by layer; writes: by tensor."""

    reads: dict[int, Ints]
    resident: dict[int, int]
    whole: set[int]
    absent: dict[int, int]
    residual: dict[int, int]
    writes: dict[str, int]


def walk_timestep(facts: NetworkFacts, spans: Sequence[Span], buffers: SpikeBuffers, now: Timestep) -> Residency:
    """Walk the spans of a group's timestep: what is on chip when it is read, what goes to DRAM."""
    group = Span(spans[0].first, spans[-1].last)
    result = Residency()
    held: dict[str, int] = {}
    fewest: dict[str, int] = {}
    for one in spans:
        touched = facts.touched(one.first, one.last)
        staged = _staged(facts, _from_outside(facts, one, now), buffers)
        result.most_in = max(result.most_in, min(staged, buffers.spike_in))
        readers = {name: _readers_now(facts, facts.tensors[name], group, now) for name in {*held, *touched}}
        room = buffers.spike_out - buffers.images * one.window_bytes
        kept = _keep(sorted(_wanted(facts, readers, one, held, buffers, now)), room)
        for name in kept:
            tensor = facts.tensors[name]
            kept[name] -= kept[name] % tensor.bytes if any(layer in group for layer in tensor.operands) else 0
        for index, operand in _operands(facts, one, now):
            stays = min(held.get(operand.name, 0), kept.get(operand.name, 0))
            result.operands[index] = stays // operand.bytes
            fewest[operand.name] = min(stays, fewest.get(operand.name, stays))
        moved = _moved_to_spike_in(facts, one, buffers, now)
        # Rows between the layers of strips take room from what was held, before it is read.
        here = {name: size if name in moved else min(size, kept.get(name, 0)) for name, size in held.items()}
        fewest |= {name: min(size, fewest.get(name, size)) for name, size in here.items()}
        _serve(facts, one, here, buffers, now, result)
        result.kept.append(kept)
        result.most_out = max(result.most_out, buffers.spike_out - room + sum(kept.values()))
        waits = {name: size for name, size in kept.items() if readers[name] and readers[name][-1] > one.last}
        fewest |= {name: min(size, fewest.get(name, size)) for name, size in waits.items()}
        # What is gone whole is as if it had never been there: it is not asked after again, however many pass by.
        held = {name: size for name, size in waits.items() if size}
    for tensor in facts.made(group.first, group.last):
        if now.has(tensor.when):
            whole = buffers.images * tensor.bytes
            stays = not _leaves(facts, tensor, group)
            result.writes[tensor.name] = whole - fewest.get(tensor.name, whole) if stays else whole
    return result


def _operands(facts: NetworkFacts, one: Span, now: Timestep) -> Iterator[tuple[int, TensorFacts]]:
    """Layers of a span that read a second operand in this timestep, with its tensor."""
    for index in range(one.first, one.last + 1):
        layer = facts.layers[index].layer
        if layer.operand is not None and now.has(facts.layers[index].when):
            yield index, facts.tensors[layer.operand.name]


def _readers_now(facts: NetworkFacts, tensor: TensorFacts, group: Span, now: Timestep) -> tuple[int, ...]:
    """Layers of the group that read a tensor in this timestep."""
    multiply = (*tensor.inputs, *tensor.operands)
    convolve = {layer for layer in multiply if layer in group and now.has(facts.layers[layer].when)}
    add = {layer for layer in tensor.residuals if layer in group and _runs_epilogue(facts, layer, now)}
    return tuple(sorted(convolve | add))


def _runs_epilogue(facts: NetworkFacts, layer: int, now: Timestep) -> bool:
    """Whether the adds and LIFs behind a layer run now: behind a replayed layer at every timestep."""
    return now.last or facts.layers[layer].when != "last"


def _leaves(facts: NetworkFacts, tensor: TensorFacts, group: Span) -> bool:
    """Whether all of a tensor must go to DRAM: it is read after the group, by no layer, in later timesteps, or by the
    backward pass."""
    if facts.writes_all:
        return True
    replayed = tensor.when == "first" and any(facts.layers[layer].when == "every" for layer in tensor.residuals)
    return replayed or not tensor.readers or any(layer not in group for layer in tensor.readers)


def _serve(
    facts: NetworkFacts, one: Span, held: dict[str, int], buffers: SpikeBuffers, now: Timestep, result: Residency
) -> None:
    """What the layers of a span find on chip."""
    moved = _moved_to_spike_in(facts, one, buffers, now)
    for index in range(one.first, one.last + 1):
        layer = facts.layers[index].layer
        source = facts.tensors[layer.input.name]
        if now.has(facts.layers[index].when):
            made = source.producer in one
            result.inputs[index] = buffers.images * source.bytes if made else held.get(source.name, 0)
            if source.name in moved:
                result.whole.add(index)
        if _runs_epilogue(facts, index, now):
            operands = [facts.tensors[tensor.name] for tensor in layer.residuals]
            result.residual_reads[index] = sum(
                buffers.images * operand.bytes - held.get(operand.name, 0)
                for operand in operands
                if operand.producer not in one and operand.name not in moved
            )


def _moved_to_spike_in(facts: NetworkFacts, one: Span, buffers: SpikeBuffers, now: Timestep) -> set[str]:
    """Inputs from outside a span, if spike_in holds all of them."""
    outside = _from_outside(facts, one, now)
    return outside if _staged(facts, outside, buffers) <= buffers.spike_in else set()


def _from_outside(facts: NetworkFacts, one: Span, now: Timestep) -> set[str]:
    computing = [facts.layers[index] for index in range(one.first, one.last + 1) if now.has(facts.layers[index].when)]
    names = {layer.layer.input.name for layer in computing}
    return {name for name in names if facts.tensors[name].producer not in one}


def _staged(facts: NetworkFacts, names: set[str], buffers: SpikeBuffers) -> int:
    """Bytes of these tensors, whole."""
    return buffers.images * sum(facts.tensors[name].bytes for name in names)


def _wanted(
    facts: NetworkFacts,
    readers: dict[str, tuple[int, ...]],
    one: Span,
    held: dict[str, int],
    buffers: SpikeBuffers,
    now: Timestep,
) -> Iterator[tuple[int, int, str, int]]:
    """(next reader, order, tensor, bytes) that spike_out should hold during and after a span; -1 reads now."""
    moved = _moved_to_spike_in(facts, one, buffers, now)
    for name in readers:
        tensor = facts.tensors[name]
        whole, order = buffers.images * tensor.bytes, tensor.order
        later = next((layer for layer in readers[name] if layer > one.last), None)
        made = tensor.producer in one
        read = not made and any(layer in one for layer in readers[name])
        leaves = name in moved and not any(layer in one for layer in tensor.operands)
        if read and name in held and not leaves:
            yield -1, order, name, held[name]
        if later is not None and ((made and now.has(tensor.when)) or read or name in held):
            yield later, order, name, whole if made or read else held[name]


def _keep(wanted: Sequence[tuple[int, int, str, int]], room: int) -> dict[str, int]:
    """Bytes of each tensor that fit, in this order; a tensor's later entry includes its earlier one."""
    kept: dict[str, int] = {}
    for _, _, name, size in wanted:
        more = min(size - kept.get(name, 0), room)
        kept[name] = kept.get(name, 0) + more
        room -= more
    return kept


@lru_cache(1 << 12)
def step_spikes(
    facts: NetworkFacts,
    spans: tuple[Span, ...],
    buffers: SpikeBuffers,
    now: Timestep,
    starts: tuple[tuple[int, ...], ...],
) -> StepSpikes:
    """What one timestep of a group of these `spans` moves, if layers run in strips that start at these rows."""
    found, images = walk_timestep(facts, spans, buffers, now), buffers.images
    reads = {}
    for index, resident in found.inputs.items():
        layer, begins = facts.layers[index], starts[index - spans[0].first]
        if index in found.whole:
            reads[index] = whole_reads(layer, images, resident)
        elif begins:
            reads[index] = strip_reads(layer, images, resident, buffers.spike_in, begins)
        else:
            reads[index] = traversal_reads(layer, images, resident, buffers.spike_in)
    absent = {layer: images - here for layer, here in found.operands.items()}
    return StepSpikes(reads, found.inputs, found.whole, absent, found.residual_reads, found.writes)
