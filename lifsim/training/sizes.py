"""Sizes of what training keeps and hands back: states, spikes, gradients; bytes of the whole batch."""

from __future__ import annotations

from functools import cached_property

from lifsim.graph.states import State
from lifsim.keeping import CallsOnState, Keeping
from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Layer, Tensor
from lifsim.schedule.chip import Chip
from lifsim.schedule.facts import NetworkFacts, StateFacts
from lifsim.schedule.plan import GroupPlan
from lifsim.schedule.tensors.storage import bytes_of, filter_bytes, rows_of, step_row_bytes, tensor_bytes
from lifsim.training.kept import KeptStates
from lifsim.training.optimizer import UpdateBytes


@dataclass(frozen=True)
class TrainingSizes:
    """Sizes of one network on one chip, for `batch` images. keeping: how the backward pass gets the membranes."""

    facts: NetworkFacts
    chip: Chip
    batch: int
    keeping: Keeping

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """All of them."""
        return tuple(facts.layer for facts in self.facts.layers)

    def has_gradient(self, tensor: Tensor) -> bool:
        """Whether a tensor has a gradient: the network's inputs need none."""
        return tensor.name not in self.facts.reals.inputs

    def sources(self, layer: Layer) -> list[Tensor]:
        """The tensors that the layer reads and hands a gradient back to."""
        return [tensor for tensor in (layer.input, *layer.residuals) if self.has_gradient(tensor)]

    @cached_property
    def readers(self) -> dict[str, list[int]]:
        """By tensor, the layers (indices) that read it, as often as they do."""
        found: dict[str, list[int]] = {}
        for layer in self.layers:
            for tensor in (layer.input, *layer.residuals):
                found.setdefault(tensor.name, []).append(layer.index)
        return found

    def gradients_of(self, tensor: Tensor) -> int:
        """How many gradients a tensor gets: one from each reader; the output gets that of the loss."""
        return max(1, len(self.readers.get(tensor.name, ())))

    def gradient(self, tensor: Tensor) -> int:
        """Bytes of one gradient of a tensor, all timesteps."""
        return bytes_of(self.batch * tensor.timesteps * tensor.elements * self.chip.precision.of_gradients)

    def state_of(self, layer: Layer) -> StateFacts | None:
        """The membranes of the layer's LIF."""
        return self.facts.state_of(layer.index)

    @cached_property
    def _shared(self) -> dict[str, State]:
        """By name, the states with all their LIFs."""
        found: dict[str, State] = {}
        for state in self.facts.states:
            lifs = tuple(lif.name for lif in (self.layers[index].lif for index in state.layers) if lif)
            values = state.values // state.variables
            found[state.name] = State(state.name, (values,), lifs, state.variables, state.channels)
        return found

    def kept(self, layer: Layer, group: GroupPlan) -> KeptStates | None:
        """What the forward pass keeps of the calls on the layer's membranes; None without a LIF."""
        return self._kept(layer, tick_batched=group.tick_batched)

    def _kept(self, layer: Layer, *, tick_batched: bool) -> KeptStates | None:
        state = self.state_of(layer)
        if layer.lif is None or state is None:
            return None
        bits = self.chip.precision.membrane_bits
        calls = CallsOnState(self._shared[state.name], layer.lif.neuron, layer.timesteps, bits, not tick_batched)
        kept = self.keeping.kept(calls)
        number = state.layers.index(layer.index)
        return KeptStates(kept, self.keeping.read_back(kept), number, self.batch)

    def states_written(self, layer: Layer, group: GroupPlan) -> int:
        """Bytes of states that the forward pass keeps."""
        return self.states_kept(layer, tick_batched=group.tick_batched)

    def states_kept(self, layer: Layer, *, tick_batched: bool) -> int:
        """Bytes of states that the forward pass keeps, for a layer of a group that is tick-batched, or not."""
        kept = self._kept(layer, tick_batched=tick_batched)
        return kept.written.total if kept else 0

    def states_read(self, layer: Layer, group: GroupPlan) -> int:
        """Bytes of states that the backward pass begins with."""
        return self.states_begun(layer, tick_batched=group.tick_batched)

    def states_begun(self, layer: Layer, *, tick_batched: bool) -> int:
        """Bytes of states that the backward pass begins with, for a layer of a group that is tick-batched, or not."""
        kept = self._kept(layer, tick_batched=tick_batched)
        return kept.read.total if kept else 0

    def own_spikes(self, layer: Layer) -> int:
        """Bytes of the spikes of the layer's LIF, before a pool."""
        return bytes_of(self.batch * layer.timesteps * layer.lif_elements)

    def hidden_spikes(self, layer: Layer) -> int:
        """The part of them that is kept only to undo calls, since a pool hands over other spikes."""
        hidden = layer.lif is not None and layer.lif.name not in {tensor.name for tensor in layer.outputs}
        return self.own_spikes(layer) if self.keeping.reads_spikes and hidden else 0

    def weights(self, layer: Layer) -> int:
        """All weights of a layer."""
        return layer.filters * filter_bytes(layer, self.chip.precision.weight_bits)

    def update(self, layer: Layer) -> UpdateBytes:
        """Bytes that the update of the weights moves, once per batch."""
        return UpdateBytes.of(layer, self.chip.precision.weight_bits, self.chip.optimizer)

    def packed(self, tensor: Tensor) -> int:
        """All of a tensor, its timesteps packed."""
        return self.batch * tensor_bytes(tensor, self.facts.reals)

    def once(self, tensor: Tensor, group: GroupPlan) -> int:
        """Every byte of a tensor once, as it lies in DRAM: with timesteps packed if the group is one layer."""
        return self.packed(tensor) if group.tick_batched else self.apart(tensor)

    def apart(self, tensor: Tensor) -> int:
        """Bytes of a tensor, every timestep stored by itself."""
        return self.batch * tensor.timesteps * rows_of(tensor.shape) * step_row_bytes(tensor, self.facts.reals)
