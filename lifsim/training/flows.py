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
from lifsim.training.kept import Stretches
from lifsim.training.sizes import TrainingSizes


@dataclass(frozen=True)
class Flow:
    """One tensor on its way. region: its name in DRAM. bytes, offset: [turns] how many, from where on."""

    kind: Kind
    region: str
    bytes: Ints
    offset: Ints | int


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

    def kept(self, region: str, states: Stretches) -> Flow:
        """Membranes that the forward pass kept: those of a turn's images, of its timestep, or of all."""
        if self.timesteps == states.bits.size:
            start, end = states.of(self.timestep, self.first_image, self.images)
        else:
            start, end = states.of_images(self.first_image, self.images)
        return Flow(Kind.MEMBRANE_READ, region, end - start, start)

    def weights(self, region: str, total: int, stays: int, rounds: int) -> Flow:
        """The first turn that works brings what stays on chip, each its share of what is fetched again and again."""
        works = (self.timestep == 0) | (rounds == self.timesteps)
        first = min(stays, total)
        size = shares(total - first, works.astype(np.int64))
        size[np.argmax(works)] += first
        return Flow(Kind.WEIGHTS, region, size, 0)

    def at(self, kind: Kind, region: str, turns: slice, each: int) -> Flow:
        """`each` bytes at these turns."""
        size = np.zeros(self.count, np.int64)
        size[turns] = each
        return Flow(kind, region, size, 0)


@dataclass(frozen=True)
class LayerFlows:
    """One layer of a training run."""

    sizes: TrainingSizes
    layer: Layer
    group: GroupPlan

    def recompute(self, turns: Turns) -> Iterator[Flow]:
        """Weights, input and residual operands again, and, to undo calls, the LIF's spikes."""
        layer, sizes = self.layer, self.sizes
        yield self._weights(turns)
        yield self._tensor(Kind.SPIKES_IN, layer.input, turns)
        for tensor in layer.residuals:
            yield self._tensor(Kind.RESIDUAL, tensor, turns)
        if layer.lif and sizes.keeping.reads_spikes:
            own = f"tensor:{layer.lif.name}"
            yield turns.spread(Kind.SPIKES_IN, own, sizes.own_spikes(layer), layer.timesteps)

    def forward_again(self, turns: Turns, carried: StateMoves) -> Iterator[Flow]:
        """The states that u runs forward from, and u' of calls that find no room until they are undone."""
        yield from self._begins(turns)
        index, state = self.layer.index, self.sizes.state_of(self.layer)
        if state is not None:
            place = state.layers.index(index)
            before = self.sizes.layers[state.layers[place - 1]] if place else self.layer
            yield Flow(Kind.MEMBRANE_READ, in_flight(before), carried.continued[index].ravel(), 0)
        yield Flow(Kind.MEMBRANE_WRITE, in_flight(self.layer), carried.in_flight[index].ravel(), 0)

    def backward(self, turns: Turns, carried: StateMoves) -> Iterator[Flow]:
        """Gradients come in through spike_in and leave through spike_out; states and what is carried from timestep to
        timestep pass the membrane buffer."""
        layer, sizes = self.layer, self.sizes
        if sizes.has_gradient(layer.input):
            yield self._weights(turns)
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
            yield self._overflow(Kind.SPIKES_OUT, turns)
            if sizes.has_gradient(layer.input):
                yield self._overflow(Kind.SPIKES_IN, turns)

    def weight_update(self, turns: Turns) -> Iterator[Flow]:
        """Membrane gradients are what the array takes for weights here. Weight gradients are sums: what the weight
        buffer cannot hold of them goes out and in as spilled sums do, and so do the weights that the last turn
        changes."""
        layer, sizes = self.layer, self.sizes
        excess, weights = sizes.weight_gradient_overflow(layer), sizes.weights(layer)
        yield self._tensor(Kind.SPIKES_IN, layer.input, turns)
        yield self._overflow(Kind.WEIGHTS, turns)
        yield turns.at(Kind.PSUM_READ, f"weight_gradients:{layer.name}", slice(1, None), excess)
        yield turns.at(Kind.PSUM_WRITE, f"weight_gradients:{layer.name}", slice(0, -1), excess)
        yield turns.at(Kind.WEIGHTS, f"weights:{layer.name}", slice(-1, None), weights)
        yield turns.at(Kind.PSUM_WRITE, f"weights:{layer.name}", slice(-1, None), weights)

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

    def _overflow(self, kind: Kind, turns: Turns) -> Flow:
        """Membrane gradients that spike_out cannot hold, each turn's where the last one's were. Without a LIF they are
        the output's gradients, which are in DRAM."""
        layer = self.layer
        size = self.sizes.membrane_gradient_overflow(layer, self.group)
        overflow = turns.spread(kind, f"membrane_gradients:{layer.name}", size, layer.rounds)
        if layer.lif:
            return replace(overflow, offset=0)
        output = self._gradient(kind, layer.outputs[0], 0, turns)
        return replace(overflow, region=output.region, offset=output.offset)

    def _states(self, turns: Turns, carried: StateMoves) -> Iterator[Flow]:
        """Kept membranes, or u' of calls that ran forward again; gradients of membranes."""
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
        """Kept membranes that the layer's way back begins with."""
        kept = self.sizes.kept(self.layer, self.group)
        if kept is not None:
            yield turns.kept(kept_states(self.sizes, self.layer), kept.read)


def kept_states(sizes: TrainingSizes, layer: Layer) -> str:
    """Where the states that the layer's LIF keeps lie, with those of all that use the same membranes."""
    state = sizes.state_of(layer)
    return f"states:{state.name if state else layer.name}"


def in_flight(layer: Layer) -> str:
    """Where u' of its calls waits that find no room."""
    return f"undone:{layer.name}"
