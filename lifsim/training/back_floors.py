"""Lower bounds of the bytes that timestep-major groups move in the backward pass, for all sizes of chunks side by side,
so that only few sizes must be planned.

    always     what no size of chunks changes: gradients of spikes, kept states and spikes, the optimizer
    weights    of the products that run back or again, once, and at every further visit what does not stay
    operands   gradients of membranes, and inputs of what runs again, under the filter tiles that ask for the fewest
    update     in turn, or afterwards, whichever moves less
    currents   that wait to be replayed, forward and again
    membranes  their gradients (and u' in flight) between timesteps, as far as the buffer cannot hold them
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Layer
from lifsim.schedule.chunks import ChunkSizes
from lifsim.schedule.facts import LayerFacts
from lifsim.schedule.tensors.input_reads import traversals, whole_reads_of
from lifsim.schedule.tensors.rows import Ints
from lifsim.schedule.weights.overflow import fetched_at_least
from lifsim.training.carried import carried
from lifsim.training.forward_again import runs_again
from lifsim.training.gradient_states import flights_of, relays_back
from lifsim.training.group_orders import products_of
from lifsim.training.orders import Products
from lifsim.training.shared_weights import gradient_facts
from lifsim.training.sizes import TrainingSizes


class _Layer(NamedTuple):
    """Lower bounds of what one layer moves, [n] bytes, and its products that need weights."""

    moved: Ints
    products: tuple[LayerFacts, ...]


@dataclass(frozen=True, eq=False)
class BackFloors:
    """Floors for a network on a chip, with its batch in each of these `chunks`, in groups without a batch norm."""

    sizes: TrainingSizes
    chunks: ChunkSizes

    def of(self, first: int, last: int) -> Ints:
        """[n] bytes of layers first..last."""
        layers = self._layers[first : last + 1]
        moved: Ints = np.sum([layer.moved for layer in layers], axis=0)
        moved = moved + self._weights([product for layer in layers for product in layer.products])
        moved = moved + self.chunks.summed(partial(self._membranes, range(first, last + 1)))
        return moved + self._currents(first, last)

    @cached_property
    def _layers(self) -> list[_Layer]:
        return [self._layer(facts) for facts in self.sizes.facts.layers]

    def _layer(self, facts: LayerFacts) -> _Layer:
        sizes, room, layer = self.sizes, self.sizes.chip.room, facts.layer
        products, asked = products_of(sizes, layer), list[LayerFacts]()
        absent = self._summed(layer, lambda images: np.maximum(0, products.made(1, 1, 1) * images - room.spike_out))
        moved = self._update(products, absent) + self._always(layer)
        if products.needed:
            asked.append(gradient_facts(products))
            reads = self._summed(layer, partial(self._reads, asked[0], room.spike_out))
            reads = reads if products.own else np.maximum(0, reads - absent)
            moved = moved + np.where(self._visited_once(layer), 0, reads)
        if runs_again(sizes, layer):
            asked.append(facts)
            moved = moved + self._summed(layer, partial(self._reads, facts, 0))
            moved = moved + 2 * sizes.batch * facts.psum_spill_bytes * layer.rounds
        return _Layer(moved, tuple(asked))

    def _summed(self, layer: Layer, of_chunk: Callable[[Ints], Ints]) -> Ints:
        """[n] the sum over all visits to a layer of a figure of one visit, by a chunk of this many images [n]."""
        return layer.rounds * self.chunks.summed(of_chunk)

    def _visited_once(self, layer: Layer) -> NDArray[np.bool_]:
        """[n] whether the layer may be visited only once, so that its products have the buffers to themselves."""
        return (self.chunks.images >= self.chunks.batch) & (layer.rounds == 1)

    def _always(self, layer: Layer) -> int:
        """Bytes that move once, however many images a chunk has."""
        sizes, moved = self.sizes, self.sizes.update(layer)
        again = runs_again(sizes, layer)
        found = sum(sizes.gradients_of(tensor) * sizes.gradient(tensor) for tensor in layer.outputs)
        found += sum(map(sizes.gradient, sizes.sources(layer))) + sizes.hidden_spikes(layer)
        found += moved.weights_read + moved.weights_written + 2 * moved.state
        found += sizes.states_kept(layer, tick_batched=False)
        if again:
            found += sizes.own_spikes(layer) if sizes.keeping.reads_spikes else 0
            found += sum(sizes.apart(tensor) for tensor in layer.residuals)
        if again or not sizes.keeping.holds_calls:
            found += sizes.states_begun(layer, tick_batched=False)
        return found

    def _update(self, products: Products, absent: Ints) -> Ints:
        """[n] bytes of the update of a layer, and of what waits for it. absent: bytes of gradients of membranes that
        spike_out cannot hold through its visits."""
        layer, often, room = products.layer, 1 + products.own, self.sizes.chip.room.weight
        last, in_turn = products.update(room).total, products.update_in_turn().total
        waiting = layer.rounds * products.made(products.batch, 1, 1)
        afterwards = np.full_like(absent, last + often * waiting)
        if products.sums <= room:
            afterwards = np.minimum(afterwards, in_turn + often * absent)
        return np.where(self._visited_once(layer), min(last, in_turn), afterwards)

    def _reads(self, facts: LayerFacts, held: int, images: Ints) -> Ints:
        """[n] bytes of an operand that come in at a visit of this many images [n], of which at most `held` are on
        chip."""
        stays = np.minimum(images * facts.input_bytes, held)
        reads = whole_reads_of(facts, images, stays)
        whole = images * facts.input_bytes - stays <= self.sizes.chip.room.spike_in
        if not whole.all():
            tiles = range(1 + int(facts.tile_bytes.searchsorted(self.sizes.chip.room.weight, "right")))
            again = traversals(facts, images, stays, self.sizes.chip.room.spike_in, tiles).min(axis=1)
            reads = np.where(whole, reads, again)
        return reads

    def _weights(self, products: list[LayerFacts]) -> Ints | int:
        """[n] bytes of weights, if the whole buffer is full of those that are needed most often."""
        if not products:
            return 0
        visits = np.multiply.outer(self.chunks.count, [each.layer.rounds for each in products])
        sizes = np.array([each.weight_bytes for each in products])
        return fetched_at_least(visits, sizes, self.sizes.chip.room.weight)

    def _currents(self, first: int, last: int) -> Ints:
        """[n] bytes that the psum buffer cannot hold, written once and read at all timesteps but the first."""
        facts, room = self.sizes.facts, self.sizes.chip.room.psum
        layers = facts.layers[first : last + 1]
        room = max(0, room - max(one.psum_working_bytes for one in layers))
        often = 1 + all(runs_again(self.sizes, one.layer) for one in layers if one.replay_bytes)
        size = sum(one.replay_bytes for one in layers)
        return often * facts.timesteps * self.chunks.summed(lambda images: np.maximum(0, images * size - room))

    def _membranes(self, layers: range, images: Ints) -> Ints:
        """[n] bytes for chunks of this many images [n]: the dual of the split that moves the fewest bytes, at the price
        of each number of moves (`lifsim.schedule.timestep.kept_floor`)."""
        sizes, steps, precision = self.sizes, self.sizes.facts.timesteps, self.sizes.chip.precision
        asked = list[tuple[int, int, int]]()
        for state, relays in relays_back(sizes.facts, layers).items():
            size = carried(state, precision, states=sizes.keeping.carries_states).bytes
            asked.append((size, 2 * (len(relays) * steps - 1), 2 * (sum(map(len, relays)) * steps - 1)))
        if sizes.keeping.holds_calls:
            flights = flights_of(sizes.facts, layers, precision.membrane_bits)
            asked += [(sum(one.bytes), one.moves * steps, one.moves * steps) for one in flights]
        if not asked:
            return np.zeros_like(images)
        each, transient, rest = np.array(asked).T
        buffer, state = sizes.chip.room.membrane, np.multiply.outer(images, each)
        regions = np.minimum(np.pad(state, ((0, 0), (1, 1)), constant_values=buffer), buffer)
        regions[:, 0] = 0
        passing = np.minimum(state[:, None], regions[..., None])
        best = np.zeros_like(images)
        for price in {*transient.tolist(), *rest.tolist()}:
            moved = passing @ np.minimum(transient, price) + (state[:, None] - passing) @ np.minimum(rest, price)
            best = np.maximum(best, (moved - price * (buffer - regions)).min(axis=1))
        return best
