"""Sizes of what training keeps and hands back: states, spikes, gradients; bytes of the whole batch."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from lifsim.config.arch import Arch
from lifsim.config.network import Layer, Network, Tensor
from lifsim.config.sharing import Sharing, State, states_of
from lifsim.schedule.plan import GroupPlan
from lifsim.schedule.storage import bytes_of, filter_bytes, rows_of, step_row_bytes, tensor_bytes


@dataclass(frozen=True)
class TrainingSizes:
    """One network under one sharing, `batch` images. reverse: whether membranes are recomputed backwards."""

    network: Network
    sharing: Sharing
    arch: Arch
    batch: int
    reverse: bool

    def has_gradient(self, tensor: Tensor) -> bool:
        """The network's own inputs need none."""
        return tensor.name not in self.network.input_tensors

    def sources(self, layer: Layer) -> list[Tensor]:
        """What the layer reads and has to hand a gradient back to."""
        return [tensor for tensor in (layer.input, *layer.residuals) if self.has_gradient(tensor)]

    @cached_property
    def readers(self) -> dict[str, list[int]]:
        """By tensor, the layers (indices) that read it, as often as they do."""
        found: dict[str, list[int]] = {}
        for layer in self.network.layers:
            for tensor in (layer.input, *layer.residuals):
                found.setdefault(tensor.name, []).append(layer.index)
        return found

    def gradients_of(self, tensor: Tensor) -> int:
        """How many gradients come back to a tensor: one of each reader; the loss stands for that of the output."""
        return max(1, len(self.readers.get(tensor.name, ())))

    def gradient(self, tensor: Tensor) -> int:
        """One gradient of a tensor, all timesteps."""
        return bytes_of(self.batch * tensor.steps * tensor.elements * self.arch.precision.psum_bits)

    def state_of(self, layer: Layer) -> State | None:
        """The membranes of the layer's LIF."""
        if layer.lif is None:
            return None
        return next(state for state in self._states if layer.lif.name in state.lifs)

    def states(self, layer: Layer) -> int:
        """Stored: every variable of all calls. Reversed: each state after its last call."""
        state = self.state_of(layer)
        if layer.lif is None or state is None:
            return 0
        bits = self.arch.precision.membrane_bits
        if not self.reverse:
            return bytes_of(self.batch * layer.timesteps * layer.lif_elements * state.variables * bits)
        return bytes_of(self.batch * state.values * bits) if layer.lif.name == state.lifs[-1] else 0

    def own_spikes(self, layer: Layer) -> int:
        """What the layer's LIF fires, in front of a pool."""
        return bytes_of(self.batch * layer.timesteps * layer.lif_elements)

    def hidden_spikes(self, layer: Layer) -> int:
        """Of these, those that are kept for the recomputation alone: a pool hands over others."""
        hidden = layer.lif is not None and layer.lif.name not in {tensor.name for tensor in layer.outputs}
        return self.own_spikes(layer) if self.reverse and hidden else 0

    def membrane_gradient_overflow(self, layer: Layer, group: GroupPlan) -> int:
        """Membrane gradients that spike_out cannot hold from the backward stage to the weight update: of an image,
        tick-batched all its timesteps."""
        elements = layer.pixels * layer.filters
        steps, times = (layer.runs, self.batch) if group.tick_batched else (1, self.batch * layer.runs)
        one = bytes_of(steps * elements * self.arch.precision.psum_bits)
        return times * max(0, one - self.arch.buffers.spike_out.usable_bytes)

    def weight_gradient_overflow(self, layer: Layer) -> int:
        """Weight gradients that the weight buffer cannot hold: once."""
        gradients = bytes_of(layer.weights * self.arch.precision.psum_bits)
        return max(0, gradients - self.arch.buffers.weight.usable_bytes)

    def weights(self, layer: Layer) -> int:
        """All weights of a layer."""
        return layer.filters * filter_bytes(layer, self.arch)

    def once(self, tensor: Tensor, group: GroupPlan) -> int:
        """Every byte of a tensor once, as it lies in DRAM: timesteps packed where the group is one layer."""
        if group.tick_batched:
            return self.batch * tensor_bytes(tensor, self.network, self.arch)
        return self.batch * tensor.steps * rows_of(tensor.shape) * step_row_bytes(tensor, self.network, self.arch)

    @cached_property
    def _states(self) -> tuple[State, ...]:
        return states_of(self.network, self.sharing)
