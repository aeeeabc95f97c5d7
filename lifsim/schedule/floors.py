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
from dataclasses import dataclass

import numpy as np

from lifsim.schedule.chip import BufferBytes
from lifsim.schedule.facts import LayerFacts, NetworkFacts, TensorFacts
from lifsim.schedule.group import Chunks
from lifsim.schedule.input_reads import traversal_reads, whole_reads
from lifsim.schedule.rows import Ints
from lifsim.schedule.weight_residency import overflow_bytes, smallest_tile_ends


@dataclass(frozen=True)
class Term:
    """`value` in every span that holds layers first..last."""

    first: int
    last: int
    value: int


def gathered(layers: int, terms: Iterable[Term]) -> Ints:
    """[layers, layers + 1] the sum of the terms of each span."""
    found = np.zeros((layers, layers + 1), np.int64)
    for term in terms:
        found[term.first, term.last + 1] += term.value
    summed: Ints = np.cumsum(np.cumsum(found[::-1], axis=0)[::-1], axis=1)
    return summed


def timestep_floors(facts: NetworkFacts, room: BufferBytes, chunks: Iterable[Chunks]) -> Ints:
    """[layers, layers + 1] bytes that layers first..end-1, timestep-major, cannot go below, in whichever of these
    `chunks` is best."""
    floors: Ints = np.min([_Floors(facts, room, one).of_spans() for one in chunks], axis=0)
    return floors


@dataclass(frozen=True)
class _Floors:
    facts: NetworkFacts
    room: BufferBytes
    chunks: Chunks

    def of_spans(self) -> Ints:
        """As `timestep_floors`."""
        terms = [*self._inputs(), *self._residuals(), *self._outputs(), *self._psums()]
        found: Ints = self._gathered(terms) + self._weights() + self._membranes()
        return found

    def _gathered(self, terms: Iterable[Term]) -> Ints:
        return gathered(len(self.facts.layers), terms)

    def _weights(self) -> Ints:
        """What is lacking of the buffer has the price of a byte in it, whichever; then every layer moves by itself what
        is cheapest for it, and no price asks for more than all layers together move. A region that no layer's smallest
        tile begins or ceases to fit is never better than both of those beside it."""
        layers = self.facts.layers
        sizes = np.array([layer.weight_bytes for layer in layers])
        visits = self.chunks.count * np.array([self._steps(layer) for layer in layers])
        rows = self.chunks.batch * np.array([self._steps(layer) * layer.rows.axis.rows_out for layer in layers])
        regions = smallest_tile_ends(layers, self.room.weight)
        streams = np.stack([overflow_bytes(layer, regions) * (layer.weight_bytes > 0) for layer in layers])
        best = np.zeros((len(layers), len(layers) + 1), np.int64)
        for price in np.unique([0, *(visits - 1), *(rows - 1)]):
            stays = np.minimum(visits, 1 + price)
            more = (np.minimum(rows, 1 + price) - stays)[:, None] * streams + (sizes * stays)[:, None]
            moved = [
                _over_spans(each) - price * (self.room.weight - region)
                for each, region in zip(more.T, regions, strict=True)
            ]
            best = np.maximum(best, np.min(moved, axis=0))
        return best

    def _membranes(self) -> Ints:
        """Beside what does not fit, a row at work streams, or one state after the other passes the same bytes."""
        states = self.facts.states
        sizes = self._gathered(Term(state.layers[0], state.layers[-1], state.bytes) for state in states)
        number = self._gathered(Term(state.layers[0], state.layers[-1], 1) for state in states)
        shared = self._gathered(Term(state.layers[0], state.layers[-1], len(state.layers) > 1) for state in states)
        row = min((state.granule for state in states), default=0)
        moved = np.zeros_like(sizes)
        for images, count in self.chunks.sizes:
            beyond = np.maximum(images * sizes - self.room.membrane, 0)
            passing = np.where(number > 1, -(-beyond // np.maximum(number - 1, 1)), row)
            at_work = np.where(shared > 0, 0, np.minimum(min(row, self.room.membrane), passing))
            moved += count * np.where(beyond > 0, beyond + at_work, 0)
        return 2 * (self.facts.timesteps - 1) * moved

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
                waits = tensor.when == "every" and any(self.facts.layers[one].when == "every" for one in tensor.inputs)
                stays = not waits or self._in_strips(tensor.producer, last)
                overflow = 0 if stays else self.facts.timesteps * self._beyond(tensor)
                yield Term(tensor.producer, last, overflow - whole)

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
            len(state.layers) > 1 and state.layers[0] <= min(one, other) and max(one, other) <= state.layers[-1]
            for state in self.facts.states
        )


def _over_spans(by_layer: Ints) -> Ints:
    """[layers, layers + 1] the sum of each span."""
    upto = np.concatenate([[0], np.cumsum(by_layer)])
    spans: Ints = upto[None] - upto[:-1, None]
    return spans
