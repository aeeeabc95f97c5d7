"""What training moves on top of inference, layer by layer: kept states, gradients, weight updates.

Three stages, as SATA has them (Yin et al., IEEE TCAD 42(6), 2023), and a fourth where membranes are recomputed:

    forward        as in inference; what the backward pass reads again goes to DRAM
    recompute      (reversed) the weight layer once more, from the stored spikes, for the inputs x of its LIF
    backward       membrane gradients of all timesteps, last one first; transposed convolution with the weights
    weight_update  input spikes x membrane gradients, summed over timesteps and images; weights read, changed, written

docs/model.md, "Training on the accelerator", has the equations and what they assume.
"""

from __future__ import annotations

from dataclasses import dataclass

from lifsim.config.arch import Arch
from lifsim.config.network import Input, Layer, Network, Tensor
from lifsim.config.sharing import Sharing, states_of
from lifsim.errors import Fault, InputError
from lifsim.schedule.gradient_states import StateMoves, gradient_state_moves
from lifsim.schedule.plan import GroupPlan, Plan
from lifsim.schedule.storage import bytes_of, filter_bytes, rows_of, step_row_bytes, tensor_bytes
from lifsim.schedule.traffic import DramBytes


@dataclass(frozen=True)
class StageBytes:
    """DRAM bytes of one layer in one stage, whole batch. inference: the tensors that inference has too."""

    inference: DramBytes
    states_write: int = 0
    states_read: int = 0
    gradients_write: int = 0
    gradients_read: int = 0
    weight_updates: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        gradients = self.gradients_write + self.gradients_read
        return self.inference.total + self.states_write + self.states_read + gradients + self.weight_updates


@dataclass(frozen=True)
class LayerTraining:
    """One layer's stages. recompute is None where membranes are stored. input_gradient: whether a layer before it
    needs its gradients: the network's input does not."""

    forward: StageBytes
    recompute: StageBytes | None
    backward: StageBytes
    weight_update: StageBytes
    input_gradient: bool


def require_soft_reset(network: Network) -> None:
    """Raise InputError naming every LIF that cannot be recomputed backwards."""
    hard = [lif.name for lif in network.lifs if lif.neuron.reset == "hard"]
    if hard:
        reason = "hard reset forgets the membrane, so that it cannot be recomputed: use bptt stored"
        raise InputError([Fault(reason, name) for name in hard])


def training_traffic(
    network: Network, sharing: Sharing, arch: Arch, plan: Plan, batch: int, *, reverse: bool
) -> tuple[LayerTraining, ...]:
    """The stages of every layer for `batch` images under `plan`. Raises InputError where `reverse` is impossible."""
    if reverse:
        require_soft_reset(network)
    books = _Books(network, sharing, arch, batch, reverse)
    found = []
    for group in plan.groups:
        carried = gradient_state_moves(network, sharing, arch, group, batch, reverse=reverse)
        found += [books.layer(layer, group, carried) for layer in network.layers[group.first : group.last + 1]]
    return tuple(found)


@dataclass(frozen=True)
class _Books:
    network: Network
    sharing: Sharing
    arch: Arch
    batch: int
    reverse: bool

    def layer(self, layer: Layer, group: GroupPlan, carried: StateMoves) -> LayerTraining:
        """All stages."""
        return LayerTraining(
            forward=self.forward(layer, group),
            recompute=self.recompute(layer, group) if self.reverse and layer.lif else None,
            backward=self.backward(layer, group, carried.reads[layer.index], carried.writes[layer.index]),
            weight_update=self.weight_update(layer, group),
            input_gradient=self.has_gradient(layer.input),
        )

    def has_gradient(self, tensor: Tensor) -> bool:
        """The network's own inputs need none."""
        return not any(isinstance(node, Input) and node.output.name == tensor.name for node in self.network.nodes)

    def forward(self, layer: Layer, group: GroupPlan) -> StageBytes:
        """Inference, all spikes written: those that a group hands over on chip, too."""
        moved = group.layers[layer.index - group.first].dram
        outputs = sum(self._once(tensor, group) for tensor in layer.outputs)
        more = DramBytes(spikes_out=outputs - moved.spikes_out + self._hidden_spikes(layer))
        return StageBytes(moved + more, states_write=self._states(layer))

    def recompute(self, layer: Layer, group: GroupPlan) -> StageBytes:
        """The layer's inputs and weights again, for the inputs x of its LIF, and the LIF's own spikes, with which a
        call is undone: u_before = (u_after + s*theta - x/tau) / (1 - 1/tau)."""
        return StageBytes(
            DramBytes(
                weights=self._moved(layer, group).weights,
                spikes_in=self._once(layer.input, group) + self._own_spikes(layer),
                residual=sum(self._once(tensor, group) for tensor in layer.residuals),
            )
        )

    def backward(self, layer: Layer, group: GroupPlan, carried_in: int, carried_out: int) -> StageBytes:
        """Gradients in from every reader, states in, gradients out to the layers before; carried: gradients of
        membranes (and recomputed membranes) that leave the chip between timesteps."""
        needed = self.has_gradient(layer.input)
        sources = [tensor for tensor in (layer.input, *layer.residuals) if self.has_gradient(tensor)]
        spilled = self._spilled(layer, group)
        return StageBytes(
            DramBytes(
                weights=self._moved(layer, group).weights if needed else 0,
                membrane_read=carried_in,
                membrane_write=carried_out,
            ),
            states_read=self._states(layer),
            gradients_write=sum(map(self._gradient, sources)) + (spilled if layer.lif else 0),
            gradients_read=sum(map(self._gradients_in, layer.outputs)) + (spilled if needed and layer.lif else 0),
        )

    def weight_update(self, layer: Layer, group: GroupPlan) -> StageBytes:
        """Weight gradients that the weight buffer cannot hold leave it and come back between two visits."""
        gradients = bytes_of(layer.weights * self.arch.precision.psum_bits)
        excess = max(0, gradients - self.arch.buffers.weight.usable_bytes)
        visits = self.batch if group.tick_batched else -(-self.batch // group.images) * layer.runs
        return StageBytes(
            DramBytes(spikes_in=self._once(layer.input, group)),
            gradients_write=(visits - 1) * excess,
            gradients_read=(visits - 1) * excess + self._spilled(layer, group),
            weight_updates=2 * layer.filters * filter_bytes(layer, self.arch),
        )

    def _moved(self, layer: Layer, group: GroupPlan) -> DramBytes:
        return group.layers[layer.index - group.first].dram

    def _states(self, layer: Layer) -> int:
        """Stored: u' of all calls. Reversed: each state after its last call."""
        if layer.lif is None:
            return 0
        bits = self.arch.precision.membrane_bits
        if not self.reverse:
            return bytes_of(self.batch * layer.timesteps * layer.lif_elements * bits)
        state = next(state for state in states_of(self.network, self.sharing) if layer.lif.name in state.lifs)
        return bytes_of(self.batch * state.elements * bits) if layer.lif.name == state.lifs[-1] else 0

    def _own_spikes(self, layer: Layer) -> int:
        """What the layer's LIF fires, in front of a pool."""
        return bytes_of(self.batch * layer.timesteps * layer.lif_elements)

    def _hidden_spikes(self, layer: Layer) -> int:
        """Of these, those that are kept for the recomputation alone: a pool hands over others."""
        hidden = layer.lif is not None and layer.lif.name not in {tensor.name for tensor in layer.outputs}
        return self._own_spikes(layer) if self.reverse and hidden else 0

    def _gradient(self, tensor: Tensor) -> int:
        """Bytes of a tensor's gradient, all timesteps."""
        return bytes_of(self.batch * tensor.steps * tensor.elements * self.arch.precision.psum_bits)

    def _gradients_in(self, tensor: Tensor) -> int:
        """One gradient of each reader; the loss stands for that of the network's output."""
        reads = [read.name for layer in self.network.layers for read in (layer.input, *layer.residuals)]
        return max(1, reads.count(tensor.name)) * self._gradient(tensor)

    def _spilled(self, layer: Layer, group: GroupPlan) -> int:
        """Membrane gradients that spike_out cannot hold from the backward stage to the weight update: of an image,
        tick-batched all its timesteps."""
        elements = layer.pixels * layer.filters
        steps, times = (layer.runs, self.batch) if group.tick_batched else (1, self.batch * layer.runs)
        one = bytes_of(steps * elements * self.arch.precision.psum_bits)
        return times * max(0, one - self.arch.buffers.spike_out.usable_bytes)

    def _once(self, tensor: Tensor, group: GroupPlan) -> int:
        """Every byte of a tensor once, as it lies in DRAM: timesteps packed where the group is one layer."""
        if group.tick_batched:
            return self.batch * tensor_bytes(tensor, self.network, self.arch)
        return self.batch * tensor.steps * rows_of(tensor.shape) * step_row_bytes(tensor, self.network, self.arch)
