"""Bytes that timestep-major groups cannot go below, of all spans of layers at once, so that few groups are costed.

A floor is a sum of what spans of layers gather: a term counts in every span that holds its layers.

    weights    once, and again at every further timestep and chunk what the buffer cannot hold of them together
    membranes  of the span's states what the buffer cannot hold together, read and written between the timesteps
    inputs     once from outside the span; of one made within it, or read before, what spike_out cannot hold
    outputs    what is read behind the span; of one that is not, what spike_out cannot hold
    psums      what spills

What layers in strips hand to each other, second operands and currents that are replayed may move nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

import numpy as np

from lifsim.distinct import distinct
from lifsim.lazy_dataclass import dataclass
from lifsim.schedule.chip import BufferBytes
from lifsim.schedule.facts import LayerFacts, NetworkFacts, TensorFacts
from lifsim.schedule.tensors.input_reads import traversal_reads, whole_reads
from lifsim.schedule.tensors.rows import Ints
from lifsim.schedule.tensors.spans import Term, gathered, over_spans
from lifsim.schedule.timestep.group import Chunks
from lifsim.schedule.timestep.kept_floor import Portions, kept_floor
from lifsim.schedule.timestep.membranes import relays_of
from lifsim.schedule.timestep.strips import Relay, strip_relays
from lifsim.schedule.weights.overflow import overflow_bytes, smallest_tile_ends


def timestep_floors(facts: NetworkFacts, room: BufferBytes, chunks: Iterable[Chunks]) -> Ints:
    """[layers, layers + 1] bytes that layers first..end-1, timestep-major, cannot go below, in whichever of these
    `chunks` is best."""
    floors: Ints = np.min([_Floors(facts, room, one).of_spans() for one in chunks], axis=0)
    return floors


@dataclass(frozen=True)
class _Floors:
    """What spans of layers gather in these chunks: of it, what they have in common is found once."""

    facts: NetworkFacts
    room: BufferBytes
    chunks: Chunks

    @cached_property
    def strips(self) -> tuple[Relay, ...]:
        """Layers that may run in strips."""
        return strip_relays(self.facts, 0, len(self.facts.layers) - 1)

    @cached_property
    def relays(self) -> dict[str, int]:
        """Of each state in a timestep."""
        called = sorted((layer, state.name) for state in self.facts.states for layer in state.layers)
        return {name: len(found) for name, found in relays_of((name, layer) for layer, name in called).items()}

    def of_spans(self) -> Ints:
        """As `timestep_floors`."""
        terms = [*self._inputs(), *self._residuals(), *self._outputs(), *self._psums()]
        found: Ints = self._gathered(terms) + self._weights() + self._membranes()
        return found

    def _gathered(self, terms: Iterable[Term]) -> Ints:
        return gathered(len(self.facts.layers), terms)

    def _weights(self) -> Ints:
        """What a filter tile overflows the region by comes for every output row, the rest at every visit."""
        layers, buffer = self.facts.layers, self.room.weight
        steps = np.array([self._steps(layer) for layer in layers])
        rows = np.array([layer.rows.axis.rows_out for layer in layers])
        sizes = np.array([layer.weight_bytes for layer in layers])
        regions = smallest_tile_ends(layers, buffer)
        overflow = np.stack([overflow_bytes(layer, regions) * (layer.weight_bytes > 0) for layer in layers])
        again = kept_floor(
            Portions(
                passing=overflow,
                rest=sizes[:, None] - overflow,
                passing_moves=self.chunks.batch * steps * rows - 1,
                rest_moves=self.chunks.count * steps - 1,
                keeps=buffer - regions,
            )
        )
        return over_spans(sizes) + again

    def _membranes(self) -> Ints:
        """All sizes of chunks together."""
        found: Ints = np.sum([count * self._membranes_of(images) for images, count in self.chunks.sizes], axis=0)
        return found

    def _membranes_of(self, images: int) -> Ints:
        """Of a chunk of so many images: the region is what is transient, with room for a strip's window where layers
        run in strips. A state is where its first layer is: no group parts its layers."""
        layers, buffer, steps = len(self.facts.layers), self.room.membrane, self.facts.timesteps
        sizes, windows = np.zeros((2, layers), np.int64)
        relays, calls = np.ones((2, layers), np.int64)
        windows[:] = buffer + 1
        for state in self.facts.states:
            first = state.layers[0]
            sizes[first], calls[first], relays[first] = images * state.bytes, len(state.layers), self.relays[state.name]
        for relay in self.strips:
            windows[relay.first] = images * relay.state_window_bytes(1)
        ends = np.array([0, buffer, *sizes, *windows])
        regions = distinct(ends[ends <= buffer])
        passing = np.where(regions >= windows[:, None], sizes[:, None], np.minimum(sizes[:, None], regions))
        portions = Portions(
            passing=passing,
            rest=sizes[:, None] - passing,
            passing_moves=2 * (relays * steps - 1),
            rest_moves=2 * (calls * steps - 1),
            keeps=buffer - regions,
        )
        return kept_floor(portions, self._at_work(over_spans(sizes), over_spans(np.sign(sizes))))

    def _at_work(self, sizes: Ints, states: Ints) -> Ints:
        """[layers, layers + 1] bytes without which so many of so many states do not move: a row at work streams, or one
        state after the other passes the region, whole. Nothing of spans that share a state, or keep all."""
        beyond = np.maximum(sizes - self.room.membrane, 0)
        row = min([self.room.membrane, *(state.granule for state in self.facts.states)])
        shared = np.zeros(len(self.facts.layers), np.int64)
        shared[[state.layers[0] for state in self.facts.states if len(state.layers) > 1]] = 1
        passing = np.where(states > 1, -(-beyond // np.maximum(states - 1, 1)), row)
        return np.where((beyond > 0) & (over_spans(shared) == 0), np.minimum(row, passing), 0)

    def _inputs(self) -> Iterator[Term]:
        for index, layer in enumerate(self.facts.layers):
            tensor = self.facts.tensors[layer.layer.input.name]
            yield from self._read(index, tensor, self._input(layer, 0), self._input(layer, self.room.spike_out))

    def _input(self, layer: LayerFacts, most: int) -> int:
        """Bytes of all traversals of the input of a layer, of which spike_out holds so many at the `most`."""
        steps, index = self._steps(layer), layer.layer.index
        tensor = self.facts.tensors[layer.layer.input.name]
        if most and self._in_strips(index, tensor.producer):
            return 0
        moved = 0
        for images, count in self.chunks.sizes:
            resident = min(most, images * layer.input_bytes)
            if images * tensor.bytes <= self.room.spike_in or self._in_strips(index, index):
                reads = whole_reads(layer, images, resident)
            else:
                reads = traversal_reads(layer, images, resident, self.room.spike_in)
            fitting = int(np.searchsorted(layer.tile_bytes, self.room.weight, side="right"))
            moved += count * steps * int(reads[: 1 + fitting].min())
        return moved

    def _residuals(self) -> Iterator[Term]:
        for index, layer in enumerate(self.facts.layers):
            for residual in layer.layer.residuals:
                tensor = self.facts.tensors[residual.name]
                if tensor.name != layer.layer.input.name and not self._in_strips(index, index):
                    steps = self.facts.timesteps if layer.when != "last" else 1
                    outside = self.chunks.batch * tensor.bytes
                    yield from self._read(index, tensor, steps * outside, steps * self._beyond(tensor))

    @staticmethod
    def _read(index: int, tensor: TensorFacts, outside: int, within: int) -> Iterator[Term]:
        """A layer's reads of a tensor: `outside` a span that touches it for the first time, `within` one that made it
        or has read it."""
        yield Term(index, index, outside)
        touched = [reader for reader in tensor.readers if reader < index]
        touched += [] if tensor.producer is None else [tensor.producer]
        if touched:
            yield Term(max(touched), index, within - outside)

    def _outputs(self) -> Iterator[Term]:
        steps = {"every": self.facts.timesteps, "first": 1, "last": 1}
        for tensor in self.facts.tensors.values():
            if tensor.producer is None:
                continue
            whole = steps[tensor.when] * self.chunks.batch * tensor.bytes
            yield Term(tensor.producer, tensor.producer, whole)
            if tensor.readers:
                last = tensor.readers[-1]
                stays = not self._waits(tensor) or self._in_strips(tensor.producer, last)
                overflow = 0 if stays else self.facts.timesteps * self._beyond(tensor)
                yield Term(tensor.producer, last, overflow - whole)

    def _waits(self, tensor: TensorFacts) -> bool:
        """Whether it is made and read at every timestep."""
        layers = self.facts.layers
        convolved = any(layers[reader].when == "every" for reader in tensor.inputs)
        added = any(layers[reader].when != "last" for reader in tensor.residuals)
        return tensor.when == "every" and (convolved or added)

    def _psums(self) -> Iterator[Term]:
        for index, layer in enumerate(self.facts.layers):
            yield Term(index, index, 2 * self.chunks.batch * layer.psum_spill_bytes * self._steps(layer))

    def _beyond(self, tensor: TensorFacts) -> int:
        """Bytes of one timestep of the batch that spike_out cannot hold."""
        return sum(count * max(0, images * tensor.bytes - self.room.spike_out) for images, count in self.chunks.sizes)

    def _steps(self, layer: LayerFacts) -> int:
        return self.facts.timesteps if layer.when == "every" else 1

    def _in_strips(self, one: int, other: int | None) -> bool:
        """Whether two layers may be in strips together."""
        return other is not None and any(
            relay.first <= min(one, other) and max(one, other) <= relay.last for relay in self.strips
        )
