"""The traffic of the backward stages, tensor by tensor: how many bytes at each visit, and where they lie."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from lifsim.hardware.pipeline.kinds import Kind
from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Layer, Tensor
from lifsim.schedule.plan import GroupPlan
from lifsim.schedule.tensors.moves import shares
from lifsim.schedule.tensors.rows import Ints
from lifsim.schedule.traffic import DramBytes
from lifsim.training.forward_again import ForwardAgain
from lifsim.training.gradient_states import StateMoves
from lifsim.training.kept import Stretches
from lifsim.training.nests import BackwardOrder
from lifsim.training.orders import LayerOrders
from lifsim.training.sizes import TrainingSizes


@dataclass(frozen=True)
class Flow:
    """The moves of one tensor. region: its name in DRAM. bytes, offset: [turns] how many bytes, from which offset;
    times: [turns] how often."""

    kind: Kind
    region: str
    bytes: Ints
    offset: Ints | int
    times: Ints | int = 1

    def again(self, total: Ints) -> Iterator[Flow]:
        """The same bytes repeated until `total` [turns] bytes move; the last repetition may be partial."""
        whole, rest = np.divmod(total, np.maximum(self.bytes, 1))
        yield replace(self, bytes=np.where(whole > 0, self.bytes, 0), times=whole)
        yield replace(self, bytes=rest, times=1)


@dataclass(frozen=True)
class Turns:
    """The visits to one layer in one stage, in order.

    number: [turns] the index of each among the turns of its group. first_image, images, timestep: [turns] of each.
    batch: images of the run. timesteps: 1 if a turn covers all timesteps of an image.
    """

    number: Ints
    first_image: Ints
    images: Ints
    timestep: Ints
    batch: int
    timesteps: int

    @property
    def count(self) -> int:
        """The number of turns."""
        return self.images.size

    def spread(self, kind: Kind, region: str, total: int, steps: int, *, start: int = 0, at_once: bool = False) -> Flow:
        """The flow of `total` bytes that are stored timestep by timestep, each with all images, from `start` on.

        steps: how many timesteps have bytes of their own. A turn moves those of its images and its timestep. If all
        timesteps share their bytes, an image's last turn in the backward pass moves them; with `at_once` its first.
        """
        if steps == self.timesteps:
            place, of, chosen = self.timestep * self.batch + self.first_image, steps * self.batch, True
        else:
            when = self.timesteps - 1 if at_once else 0
            place, of, chosen = self.first_image, self.batch, self.timestep == when
        whole, rest = divmod(total, of)
        begin, end = (whole * edge + rest * edge // of for edge in (place, place + self.images))
        return Flow(kind, region, np.where(chosen, end - begin, 0), start + begin)

    def kept(self, region: str, states: Stretches) -> Flow:
        """Membranes that the forward pass kept: those of a turn's images at its timestep, or at all timesteps."""
        if self.timesteps == states.bits.size:
            start, end = states.of(self.timestep, self.first_image, self.images)
        else:
            start, end = states.of_images(self.first_image, self.images)
        return Flow(Kind.MEMBRANE_READ, region, end - start, start)

    def weights(self, region: str, total: int, stays: int, rounds: int) -> Flow:
        """Weights: the first working turn loads those that stay on chip, and each working turn its share of those that
        are fetched repeatedly."""
        works = (self.timestep == 0) | (rounds == self.timesteps)
        first = min(stays, total)
        size = shares(total - first, works.astype(np.int64))
        size[np.argmax(works)] += first
        return Flow(Kind.WEIGHTS, region, size, 0)

    def at(self, kind: Kind, region: str, turns: slice, total: int) -> Flow:
        """`total` bytes, distributed evenly over these turns."""
        size = np.zeros(self.count, np.int64)
        size[turns] = shares(total, np.ones_like(size[turns]))
        return Flow(kind, region, size, 0)


Operand = tuple[Tensor, int]
"""A tensor that a layer reads, and the position of the layer among its readers."""


@dataclass(frozen=True)
class LayerFlows:
    """The flows of one layer of a training run."""

    sizes: TrainingSizes
    layer: Layer
    group: GroupPlan
    orders: LayerOrders

    def recompute(self, turns: Turns, again: ForwardAgain) -> Iterator[Flow]:
        """Recomputation: weights, input and spilled psums once more; residual operands; and, to undo calls, the LIF's
        spikes."""
        layer, sizes, traffic = self.layer, self.sizes, self.group.layers[self.layer.index - self.group.first]
        one_pass = self.group.tick_batched and traffic.tiling.order == "weights_outer"
        stays = traffic.tiling.resident_weight_bytes if self.group.tick_batched else again.stay
        yield from self.product_weights(turns, again.weights, stays=sizes.weights(layer) if one_pass else stays)
        yield from self.product_input(turns, again.spikes)
        yield from self.product_psums(turns, traffic.dram)
        for tensor in layer.residuals:
            yield self._tensor(Kind.RESIDUAL, tensor, turns)
        if layer.lif and sizes.keeping.reads_spikes:
            own = f"tensor:{layer.lif.name}"
            yield turns.spread(Kind.SPIKES_IN, own, sizes.own_spikes(layer), layer.timesteps)

    def forward_again(self, turns: Turns, carried: StateMoves) -> Iterator[Flow]:
        """The states from which u is recomputed, and u' of calls that does not fit on chip until it is undone."""
        yield from self._begins(turns)
        index, state = self.layer.index, self.sizes.state_of(self.layer)
        if state is not None:
            place = state.layers.index(index)
            before = self.sizes.layers[state.layers[place - 1]] if place else self.layer
            yield Flow(Kind.MEMBRANE_READ, in_flight(before), carried.continued[index].ravel(), 0)
        yield Flow(Kind.MEMBRANE_WRITE, in_flight(self.layer), carried.in_flight[index].ravel(), 0)

    def backward(self, turns: Turns, carried: StateMoves) -> Iterator[Flow]:
        """The backward stage: gradients come in through spike_in and leave through spike_out; states, and everything
        carried between timesteps, pass the membrane buffer."""
        yield from self.weights(turns)
        yield from self.returned(turns)
        yield from self.handed_back(turns, self.numbered)
        if self.layer.lif:
            yield from self.states(turns, carried)
        yield from self.waiting(turns)

    def weights(self, turns: Turns) -> Iterator[Flow]:
        """Weights for the product with the gradients, if it is needed."""
        if self.orders.backward is not None:
            yield from self._product_weights(self.orders.backward, turns)

    def returned(self, turns: Turns) -> Iterator[Flow]:
        """Gradients of outputs, from every reader."""
        for tensor in self.layer.outputs:
            for number in range(self.sizes.gradients_of(tensor)):
                yield self.gradient(Kind.SPIKES_IN, tensor, number, turns)

    def handed_back(self, turns: Turns, operands: Sequence[Operand]) -> Iterator[Flow]:
        """The gradients handed back to these operands."""
        for tensor, number in operands:
            yield self.gradient(Kind.SPIKES_OUT, tensor, number, turns)

    @property
    def numbered(self) -> list[Operand]:
        """All operands that get a gradient, numbered, the input first."""
        handed: Counter[str] = Counter()
        found = []
        for tensor in self.sizes.sources(self.layer):
            found.append((tensor, self.sizes.readers[tensor.name].index(self.layer.index) + handed[tensor.name]))
            handed[tensor.name] += 1
        return found

    def waiting(self, turns: Turns) -> Iterator[Flow]:
        """Membrane gradients that wait in DRAM, written, and read again for the product, as often as its order
        requires."""
        if self.orders.own:
            yield self._waiting(Kind.SPIKES_OUT, turns)
        back = self._waiting(Kind.SPIKES_IN, turns)
        yield from back.again(shares(self.orders.comes_back, back.bytes))

    def weight_update(self, turns: Turns) -> Iterator[Flow]:
        """The weight update: membrane gradients take the place of weights on the array. Weight gradients are sums:
        those that the weight buffer cannot hold go out and in as spilled sums do, and so do the weights that the last
        turn changes, and the optimizer's state."""
        spikes = self._tensor(Kind.SPIKES_IN, self.layer.input, turns)
        yield from spikes.again(shares(self.orders.update.spikes, spikes.bytes))
        yield self._waiting(Kind.WEIGHTS, turns)
        yield from self._sums(turns)
        yield from self._changes(turns)

    def _changes(self, turns: Turns) -> Iterator[Flow]:
        """Weights and the optimizer's state at the last turn; the state streams as spilled sums do."""
        update, last = self.sizes.update(self.layer), slice(-1, None)
        weights, state = f"weights:{self.layer.name}", f"optimizer_state:{self.layer.name}"
        yield turns.at(Kind.WEIGHTS, weights, last, update.weights_read)
        yield turns.at(Kind.PSUM_WRITE, weights, last, update.weights_written)
        yield turns.at(Kind.PSUM_READ, state, last, update.state)
        yield turns.at(Kind.PSUM_WRITE, state, last, update.state)

    def _sums(self, turns: Turns) -> Iterator[Flow]:
        """Sums that go out in one turn come back in the next, or in the same if there is only one."""
        region, several = f"weight_gradients:{self.layer.name}", turns.count > 1
        for kind, some in ((Kind.PSUM_READ, slice(1, None)), (Kind.PSUM_WRITE, slice(0, -1))):
            moved = turns.at(kind, region, some if several else slice(None), self.orders.update.sums)
            all_sums = np.minimum(moved.bytes, self.orders.update.all_sums)
            yield from replace(moved, bytes=all_sums).again(moved.bytes)

    def _product_weights(self, order: BackwardOrder, turns: Turns) -> Iterator[Flow]:
        """The first turn loads weights that stay, and all weights if one pass over all images needs them; each turn
        loads its share of the rest."""
        region, every = f"weights:{self.layer.name}", self.sizes.weights(self.layer)
        one_pass = self.group.tick_batched and self.orders.when == "afterwards"
        stays = every if one_pass and order.tiles.order == "weights_outer" else order.resident
        moved = turns.weights(region, order.weights, stays, self.layer.rounds)
        yield from replace(moved, bytes=np.minimum(moved.bytes, every)).again(moved.bytes)

    def product_weights(self, turns: Turns, total: int, *, stays: int) -> Iterator[Flow]:
        """Weights of a forward product that runs again."""
        moved = turns.weights(f"weights:{self.layer.name}", total, stays, self.layer.rounds)
        yield from replace(moved, bytes=np.minimum(moved.bytes, self.sizes.weights(self.layer))).again(moved.bytes)

    def product_input(self, turns: Turns, total: int) -> Iterator[Flow]:
        """The input of a forward product that runs again, as often as it is read."""
        spikes = self._tensor(Kind.SPIKES_IN, self.layer.input, turns)
        yield from spikes.again(shares(total, spikes.bytes))

    def product_psums(self, turns: Turns, moved: DramBytes) -> Iterator[Flow]:
        """Partial sums that spill, and currents that wait to be replayed to the LIF: out and in at the turns in which
        the array works."""
        region, every = f"psums:{self.layer.name}", slice(None)
        written = turns.at(Kind.PSUM_WRITE, region, every, moved.psum_write)
        yield written
        read = turns.at(Kind.PSUM_READ, region, every, moved.psum_read)
        yield from replace(read, bytes=np.minimum(read.bytes, written.bytes)).again(read.bytes)

    def _tensor(self, kind: Kind, tensor: Tensor, turns: Turns) -> Flow:
        return turns.spread(kind, f"tensor:{tensor.name}", self.sizes.once(tensor, self.group), tensor.timesteps)

    def gradient(self, kind: Kind, tensor: Tensor, number: int, turns: Turns) -> Flow:
        """The gradient that the `number`-th reader of a tensor hands back; gradients of its readers are stored one
        after the other. Behind a mean over time, the gradient is needed at once."""
        size = self.sizes.gradient(tensor)
        return turns.spread(
            kind, f"gradient:{tensor.name}", size, tensor.timesteps, start=number * size, at_once=kind == Kind.SPIKES_IN
        )

    def _waiting(self, kind: Kind, turns: Turns) -> Flow:
        """Membrane gradients that wait in DRAM; with updates in turn, each turn reuses the space of the one before.
        Without a LIF or a batch norm they are the gradients of the output."""
        layer, orders = self.layer, self.orders
        waiting = turns.spread(kind, f"membrane_gradients:{layer.name}", orders.waiting, layer.rounds)
        if orders.own:
            return replace(waiting, offset=0) if orders.when == "in turn" else waiting
        output = self.gradient(kind, layer.outputs[0], 0, turns)
        return replace(waiting, region=output.region, offset=output.offset)

    def states(self, turns: Turns, carried: StateMoves) -> Iterator[Flow]:
        """Kept membranes, or recomputed u'; gradients of membranes."""
        layer, state = self.layer, self.sizes.state_of(self.layer)
        if self.sizes.keeping.holds_calls:
            yield Flow(Kind.MEMBRANE_READ, in_flight(layer), carried.in_flight[layer.index].ravel(), 0)
        else:
            yield from self._begins(turns)
        if state is not None:
            between = f"state_gradients:{state.name}"
            yield Flow(Kind.MEMBRANE_READ, between, carried.reads[layer.index].ravel(), 0)
            yield Flow(Kind.MEMBRANE_WRITE, between, carried.writes[layer.index].ravel(), 0)

    def _begins(self, turns: Turns) -> Iterator[Flow]:
        """Kept membranes that the layer's backward pass begins with."""
        kept = self.sizes.kept(self.layer, self.group)
        if kept is not None:
            yield turns.kept(kept_states(self.sizes, self.layer), kept.read)


def kept_states(sizes: TrainingSizes, layer: Layer) -> str:
    """Where the states that the layer's LIF keeps are stored, among those of all LIFs that use the same membranes."""
    state = sizes.state_of(layer)
    return f"states:{state.name if state else layer.name}"


def in_flight(layer: Layer) -> str:
    """The region of u' of its calls that does not fit on chip."""
    return f"undone:{layer.name}"
