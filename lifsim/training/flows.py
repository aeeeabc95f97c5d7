"""What the stages of the backward pass move, tensor by tensor: how many bytes at each visit, and where they lie."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from lifsim.hardware.pipeline.kinds import Kind
from lifsim.model.network import Layer, Tensor
from lifsim.schedule.moves import shares
from lifsim.schedule.plan import GroupPlan
from lifsim.schedule.rows import Ints
from lifsim.training.gradient_states import StateMoves
from lifsim.training.nests import BackwardOrder
from lifsim.training.orders import LayerOrders
from lifsim.training.sizes import TrainingSizes


@dataclass(frozen=True)
class Flow:
    """One tensor on its way. region: its name in DRAM. bytes, offset: [turns] how many, from where on; times: [turns]
    how often."""

    kind: Kind
    region: str
    bytes: Ints
    offset: Ints | int
    times: Ints | int = 1

    def again(self, total: Ints) -> Iterator[Flow]:
        """The same bytes so often that `total` [turns] move: whole, then the first of them."""
        whole, rest = np.divmod(total, np.maximum(self.bytes, 1))
        yield replace(self, bytes=np.where(whole > 0, self.bytes, 0), times=whole)
        yield replace(self, bytes=rest, times=1)


@dataclass(frozen=True)
class Turns:
    """The visits to one layer in one stage, in order.

    number: [turns] which of its group's turns each is. first_image, images, timestep: [turns] of each. batch: images of
    the run. timesteps: 1 where a turn is all of an image's.
    """

    number: Ints
    first_image: Ints
    images: Ints
    timestep: Ints
    batch: int
    timesteps: int

    @property
    def count(self) -> int:
        """How many."""
        return self.images.size

    def spread(self, kind: Kind, region: str, total: int, steps: int, *, start: int = 0, at_once: bool = False) -> Flow:
        """`total` bytes, which lie timestep by timestep, in each the images, from `start` on.

        steps: how many timesteps have their own. A turn moves its images' and its timestep's; where all timesteps have
        one, the last turn of an image on the way back, or with `at_once` the first.
        """
        if steps == self.timesteps:
            place, of, chosen = self.timestep * self.batch + self.first_image, steps * self.batch, True
        else:
            when = self.timesteps - 1 if at_once else 0
            place, of, chosen = self.first_image, self.batch, self.timestep == when
        whole, rest = divmod(total, of)
        begin, end = (whole * edge + rest * edge // of for edge in (place, place + self.images))
        return Flow(kind, region, np.where(chosen, end - begin, 0), start + begin)

    def weights(self, region: str, total: int, stays: int, rounds: int) -> Flow:
        """The first turn that works brings what stays on chip, each its share of what is fetched again and again."""
        works = (self.timestep == 0) | (rounds == self.timesteps)
        first = min(stays, total)
        size = shares(total - first, works.astype(np.int64))
        size[np.argmax(works)] += first
        return Flow(Kind.WEIGHTS, region, size, 0)

    def at(self, kind: Kind, region: str, turns: slice, total: int) -> Flow:
        """`total` bytes, dealt to these turns alike."""
        size = np.zeros(self.count, np.int64)
        size[turns] = shares(total, np.ones_like(size[turns]))
        return Flow(kind, region, size, 0)


@dataclass(frozen=True)
class LayerFlows:
    """One layer of a training run."""

    sizes: TrainingSizes
    layer: Layer
    group: GroupPlan
    orders: LayerOrders

    def recompute(self, turns: Turns) -> Iterator[Flow]:
        """Weights, input and residual operands again, and the LIF's spikes."""
        layer, sizes = self.layer, self.sizes
        yield self._weights(turns)
        yield self._tensor(Kind.SPIKES_IN, layer.input, turns)
        for tensor in layer.residuals:
            yield self._tensor(Kind.RESIDUAL, tensor, turns)
        if layer.lif:
            own = f"tensor:{layer.lif.name}"
            yield turns.spread(Kind.SPIKES_IN, own, sizes.own_spikes(layer), layer.timesteps)

    def backward(self, turns: Turns, carried: StateMoves) -> Iterator[Flow]:
        """Gradients come in through spike_in and leave through spike_out; states and what is carried from timestep to
        timestep pass the membrane buffer."""
        layer, sizes = self.layer, self.sizes
        if self.orders.backward is not None:
            yield from self._product_weights(self.orders.backward, turns)
        for tensor in layer.outputs:
            for number in range(sizes.gradients_of(tensor)):
                yield self._gradient(Kind.SPIKES_IN, tensor, number, turns)
        handed: Counter[str] = Counter()
        for tensor in sizes.sources(layer):
            first = sizes.readers[tensor.name].index(layer.index)
            yield self._gradient(Kind.SPIKES_OUT, tensor, first + handed[tensor.name], turns)
            handed[tensor.name] += 1
        if layer.lif:
            yield from self._states(turns, carried)
            yield self._waiting(Kind.SPIKES_OUT, turns)
        back = self._waiting(Kind.SPIKES_IN, turns)
        yield from back.again(shares(self.orders.comes_back, back.bytes))

    def weight_update(self, turns: Turns) -> Iterator[Flow]:
        """Membrane gradients are what the array takes for weights here. Weight gradients are sums: what the weight
        buffer cannot hold of them goes out and in as spilled sums do, and so do the weights that the last turn
        changes."""
        layer, update = self.layer, self.orders.update
        weights = self.sizes.weights(layer)
        spikes = self._tensor(Kind.SPIKES_IN, layer.input, turns)
        yield from spikes.again(shares(update.spikes, spikes.bytes))
        yield self._waiting(Kind.WEIGHTS, turns)
        yield from self._sums(turns)
        yield turns.at(Kind.WEIGHTS, f"weights:{layer.name}", slice(-1, None), weights)
        yield turns.at(Kind.PSUM_WRITE, f"weights:{layer.name}", slice(-1, None), weights)

    def _sums(self, turns: Turns) -> Iterator[Flow]:
        """What goes out in one turn comes in at the next, or in the same where there is but one."""
        region, several = f"weight_gradients:{self.layer.name}", turns.count > 1
        for kind, some in ((Kind.PSUM_READ, slice(1, None)), (Kind.PSUM_WRITE, slice(0, -1))):
            moved = turns.at(kind, region, some if several else slice(None), self.orders.update.sums)
            all_sums = np.minimum(moved.bytes, self.orders.update.all_sums)
            yield from replace(moved, bytes=all_sums).again(moved.bytes)

    def _product_weights(self, order: BackwardOrder, turns: Turns) -> Iterator[Flow]:
        """What stays comes with the first turn, and so does all that one pass over all images needs; each brings its
        share of the rest."""
        region, every = f"weights:{self.layer.name}", self.sizes.weights(self.layer)
        one_pass = self.group.tick_batched and self.orders.when == "afterwards"
        stays = every if one_pass and order.tiles.order == "weights_outer" else order.resident
        moved = turns.weights(region, order.weights, stays, self.layer.rounds)
        yield from replace(moved, bytes=np.minimum(moved.bytes, every)).again(moved.bytes)

    def _weights(self, turns: Turns) -> Flow:
        traffic = self.group.layers[self.layer.index - self.group.first]
        one_pass = self.group.tick_batched and traffic.tiling.order == "weights_outer"
        stays = self.sizes.weights(self.layer) if one_pass else traffic.tiling.resident_weight_bytes
        return turns.weights(f"weights:{self.layer.name}", traffic.dram.weights, stays, self.layer.rounds)

    def _tensor(self, kind: Kind, tensor: Tensor, turns: Turns) -> Flow:
        return turns.spread(kind, f"tensor:{tensor.name}", self.sizes.once(tensor, self.group), tensor.timesteps)

    def _gradient(self, kind: Kind, tensor: Tensor, number: int, turns: Turns) -> Flow:
        """The gradient that the `number`-th reader of a tensor hands back; the readers' lie one behind the other. Of
        a mean over time it is needed at once."""
        size = self.sizes.gradient(tensor)
        return turns.spread(
            kind, f"gradient:{tensor.name}", size, tensor.timesteps, start=number * size, at_once=kind == Kind.SPIKES_IN
        )

    def _waiting(self, kind: Kind, turns: Turns) -> Flow:
        """Membrane gradients that wait in DRAM: of updates in turn each turn's where the last one's were. Without a LIF
        they are the output's gradients."""
        layer, orders = self.layer, self.orders
        waiting = turns.spread(kind, f"membrane_gradients:{layer.name}", orders.waiting, layer.rounds)
        if layer.lif:
            return replace(waiting, offset=0) if orders.when == "in turn" else waiting
        output = self._gradient(kind, layer.outputs[0], 0, turns)
        return replace(waiting, region=output.region, offset=output.offset)

    def _states(self, turns: Turns, carried: StateMoves) -> Iterator[Flow]:
        """Kept membranes: all calls', or the last one's, with which recomputation begins; gradients of membranes."""
        sizes, layer, state = self.sizes, self.layer, self.sizes.state_of(self.layer)
        steps = 1 if sizes.reverse else layer.timesteps
        region = kept_states(sizes, layer)
        yield turns.spread(Kind.MEMBRANE_READ, region, sizes.states(layer), steps, at_once=True)
        if state is not None:
            between = f"state_gradients:{state.name}"
            yield Flow(Kind.MEMBRANE_READ, between, carried.reads[layer.index].ravel(), 0)
            yield Flow(Kind.MEMBRANE_WRITE, between, carried.writes[layer.index].ravel(), 0)


def kept_states(sizes: TrainingSizes, layer: Layer) -> str:
    """Where the states that a layer's LIF keeps lie: those of every call by themselves, a last one with its state."""
    state = sizes.state_of(layer)
    return f"states:{state.name if sizes.reverse and state else layer.name}"
