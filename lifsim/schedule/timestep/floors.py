"""Bytes that timestep-major groups cannot go below, of all spans of layers and sizes of chunks at once, so that few
groups are costed, in few sizes.

A floor is a sum of what spans of layers gather: a term counts in every span that holds its layers.

    weights    once, and again at every further timestep and chunk what the buffer cannot hold of them together
    membranes  of the span's states what the buffer cannot hold together, read and written between the timesteps
    inputs     once from outside the span; of one made within it, or read before, what spike_out cannot hold
    outputs    what is read behind the span; of one that is not, what spike_out cannot hold
    psums      what spills

What layers in strips hand to each other, second operands and currents that are replayed may move nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property, reduce

import numpy as np
from numpy.typing import NDArray

from lifsim.lazy_dataclass import dataclass
from lifsim.schedule.chip import BufferBytes
from lifsim.schedule.chunks import ChunkSizes
from lifsim.schedule.facts import LayerFacts, NetworkFacts, TensorFacts
from lifsim.schedule.tensors.input_reads import traversals, whole_reads_of
from lifsim.schedule.tensors.rows import Ints
from lifsim.schedule.tensors.spans import Terms, gathered, over_spans
from lifsim.schedule.timestep.kept_floor import Portions, kept_floor
from lifsim.schedule.timestep.membranes import relays_of
from lifsim.schedule.timestep.strips import Relay, strip_relays
from lifsim.schedule.weights.overflow import overflow_bytes, smallest_tile_ends

AT_ONCE = 1 << 18
"""Spans in chunks that are looked at in one go."""


def timestep_floors(facts: NetworkFacts, room: BufferBytes, chunks: ChunkSizes) -> Ints:
    """[layers, layers + 1] bytes that layers first..end-1, timestep-major, cannot go below, in whichever of these
    `chunks` is best."""
    last = len(facts.layers) - 1
    parts = chunks.some(max(1, AT_ONCE // (last + 1) ** 2))
    found: Ints = reduce(np.minimum, (_Floors(facts, room, 0, last, one).of_spans().min(axis=0) for one in parts))
    return found


def chunk_floors(
    facts: NetworkFacts, room: BufferBytes, first: int, last: int, chunks: ChunkSizes, *, all_written: bool = False
) -> Ints:
    """[n] bytes that layers first..last, timestep-major, cannot go below in each of these `chunks`. all_written:
    whether they write all spikes, as in training, those that stay on chip, too."""
    parts = chunks.some(max(1, AT_ONCE // (last - first + 1) ** 2))
    floors = (_Floors(facts, room, first, last, one, only_fitting=True, all_written=all_written) for one in parts)
    return np.concatenate([one.of_spans()[:, 0, -1] for one in floors])


@dataclass(frozen=True)
class _Floors:
    """What spans of layers first..last gather in each of these chunks: of it, what they have in common is found
    once. only_fitting: whether layers are taken to run in strips only where a chunk's have room; all_written: as of
    `chunk_floors`."""

    facts: NetworkFacts
    room: BufferBytes
    first: int
    last: int
    chunks: ChunkSizes
    only_fitting: bool = False
    all_written: bool = False

    @property
    def layers(self) -> tuple[LayerFacts, ...]:
        """Of the spans."""
        return self.facts.layers[self.first : self.last + 1]

    @cached_property
    def strips(self) -> tuple[Relay, ...]:
        """Layers that may run in strips."""
        return strip_relays(self.facts, self.first, self.last)

    @cached_property
    def relays(self) -> dict[str, int]:
        """Of each state in a timestep."""
        called = sorted((layer, state.name) for state in self.facts.states for layer in state.layers)
        return {name: len(found) for name, found in relays_of((name, layer) for layer, name in called).items()}

    def of_spans(self) -> Ints:
        """[n, layers, layers + 1] bytes, of each size of chunks."""
        terms = [*self._inputs(), *self._residuals(), *self._outputs(), *self._psums()]
        found: Ints = gathered(len(self.layers), terms, self.chunks.images.size)
        return found + self._weights() + self.chunks.summed(self._membranes_of)

    def _term(self, first: int, last: int, value: Ints | int) -> Iterator[Terms]:
        """Of layers of the network; none, where no span holds them."""
        if self.first <= first and last <= self.last:
            yield Terms(first - self.first, last - self.first, value)

    def _weights(self) -> Ints:
        """What a filter tile overflows the region by comes for every output row, the rest at every visit."""
        layers, buffer = self.layers, self.room.weight
        steps = np.array([self._steps(layer) for layer in layers])
        rows = np.array([layer.rows.axis.rows_out for layer in layers])
        sizes = np.array([layer.weight_bytes for layer in layers])
        regions = smallest_tile_ends(layers, buffer)
        overflow = np.stack([overflow_bytes(layer, regions) * (layer.weight_bytes > 0) for layer in layers])
        again = kept_floor(
            Portions(
                passing=overflow[None],
                rest=(sizes[:, None] - overflow)[None],
                passing_moves=(self.chunks.batch * steps * rows - 1)[None],
                rest_moves=self.chunks.count[:, None] * steps - 1,
                keeps=(buffer - regions)[None],
            )
        )
        return over_spans(sizes) + again

    def _membranes_of(self, images: Ints) -> Ints:
        """[n, layers, layers + 1] of a chunk of so many images [n]: the region is what is transient, with room for a
        strip's window where layers run in strips. A state is where its first layer is: no group parts its layers."""
        buffer, steps, shape = self.room.membrane, self.facts.timesteps, (images.size, len(self.layers))
        sizes, windows = np.zeros(shape, np.int64), np.full(shape, buffer + 1)
        relays, calls = np.ones((2, 1, len(self.layers)), np.int64)
        ends = [np.zeros_like(images), np.full_like(images, buffer)]
        for state in self.facts.states:
            first = state.layers[0] - self.first
            if 0 <= first < len(self.layers):
                sizes[:, first] = images * state.bytes
                calls[:, first], relays[:, first] = len(state.layers), self.relays[state.name]
                ends.append(sizes[:, first])
        for relay in self.strips:
            windows[:, relay.first - self.first] = images * relay.state_window_bytes(1)
            ends.append(windows[:, relay.first - self.first])
        regions = np.minimum(np.stack(ends, axis=1), buffer)
        held = np.minimum(sizes[..., None], regions[:, None])
        passing = np.where(regions[:, None] >= windows[..., None], sizes[..., None], held)
        portions = Portions(
            passing=passing,
            rest=sizes[..., None] - passing,
            passing_moves=2 * (relays * steps - 1),
            rest_moves=2 * (calls * steps - 1),
            keeps=buffer - regions,
        )
        return kept_floor(portions, self._at_work(over_spans(sizes), over_spans(np.sign(sizes))))

    def _at_work(self, sizes: Ints, states: Ints) -> Ints:
        """[n, layers, layers + 1] bytes without which so many of so many states do not move: a row at work streams, or
        one state after the other passes the region, whole. Nothing of spans that share a state, or keep all."""
        beyond = np.maximum(sizes - self.room.membrane, 0)
        row = min([self.room.membrane, *(state.granule for state in self.facts.states)])
        shared = np.zeros(len(self.facts.layers), np.int64)
        shared[[state.layers[0] for state in self.facts.states if len(state.layers) > 1]] = 1
        passing = np.where(states > 1, -(-beyond // np.maximum(states - 1, 1)), row)
        alone = over_spans(shared[self.first : self.last + 1]) == 0
        return np.where((beyond > 0) & alone, np.minimum(row, passing), 0)

    def _inputs(self) -> Iterator[Terms]:
        for index, layer in enumerate(self.layers, self.first):
            tensor = self.facts.tensors[layer.layer.input.name]
            yield from self._read(index, tensor, self._input(layer, 0), self._input(layer, self.room.spike_out))

    def _input(self, layer: LayerFacts, most: int) -> Ints:
        """[n] bytes of all traversals of the input of a layer, of which spike_out holds so many at the `most`."""
        index, size = layer.layer.index, self.facts.tensors[layer.layer.input.name]
        alone, fitting = self._in_strips(index, index), int(layer.tile_bytes.searchsorted(self.room.weight, "right"))

        def of_chunk(images: Ints) -> Ints:
            resident = np.minimum(most, images * layer.input_bytes)
            whole = alone | (images * size.bytes <= self.room.spike_in)
            reads = whole_reads_of(layer, images, resident)
            if not whole.all():
                again = traversals(layer, images, resident, self.room.spike_in, range(1 + fitting)).min(axis=1)
                reads = np.where(whole, reads, again)
            return reads

        moved = self._steps(layer) * self.chunks.summed(of_chunk)
        return np.where(self._in_strips(index, size.producer), 0, moved) if most else moved

    def _residuals(self) -> Iterator[Terms]:
        for index, layer in enumerate(self.layers, self.first):
            for residual in layer.layer.residuals:
                tensor = self.facts.tensors[residual.name]
                if tensor.name != layer.layer.input.name:
                    steps = (self.facts.timesteps if layer.when != "last" else 1) * ~self._in_strips(index, index)
                    outside = self.chunks.batch * tensor.bytes
                    yield from self._read(index, tensor, steps * outside, steps * self._beyond(tensor))

    def _read(self, index: int, tensor: TensorFacts, outside: Ints, within: Ints) -> Iterator[Terms]:
        """A layer's reads of a tensor: `outside` a span that touches it for the first time, `within` one that made it
        or has read it."""
        yield from self._term(index, index, outside)
        touched = [reader for reader in tensor.readers if reader < index]
        touched += [] if tensor.producer is None else [tensor.producer]
        if touched:
            yield from self._term(max(touched), index, within - outside)

    def _outputs(self) -> Iterator[Terms]:
        steps = {"every": self.facts.timesteps, "first": 1, "last": 1}
        for tensor in self.facts.made(self.first, self.last):
            producer = tensor.producer
            if producer is None:
                continue
            whole = steps[tensor.when] * self.chunks.batch * tensor.bytes
            yield from self._term(producer, producer, whole)
            if tensor.readers and not self.all_written:
                last = tensor.readers[-1]
                moves = ~self._in_strips(producer, last) * self._waits(tensor)
                overflow = self.facts.timesteps * self._beyond(tensor) * moves
                yield from self._term(producer, last, overflow - whole)

    def _waits(self, tensor: TensorFacts) -> bool:
        """Whether it is made and read at every timestep."""
        layers = self.facts.layers
        convolved = any(layers[reader].when == "every" for reader in tensor.inputs)
        added = any(layers[reader].when != "last" for reader in tensor.residuals)
        return tensor.when == "every" and (convolved or added)

    def _psums(self) -> Iterator[Terms]:
        for index, layer in enumerate(self.layers):
            yield Terms(index, index, 2 * self.chunks.batch * layer.psum_spill_bytes * self._steps(layer))

    def _beyond(self, tensor: TensorFacts) -> Ints:
        """[n] bytes of one timestep of the batch that spike_out cannot hold."""
        return self.chunks.summed(lambda images: np.maximum(0, images * tensor.bytes - self.room.spike_out))

    def _steps(self, layer: LayerFacts) -> int:
        return self.facts.timesteps if layer.when == "every" else 1

    def _in_strips(self, one: int, other: int | None) -> NDArray[np.bool_]:
        """[n] whether two layers may be in strips together."""
        found = np.zeros(self.chunks.images.size, np.bool_)
        for relay in self.strips:
            if other is not None and relay.first <= min(one, other) and max(one, other) <= relay.last:
                window = self.chunks.images * relay.state_window_bytes(1)
                found |= not self.only_fitting or window <= self.room.membrane
        return found
