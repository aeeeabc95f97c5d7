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

from lifsim.model.network import Layer
from lifsim.schedule.choices import Choice, Choices
from lifsim.schedule.partition import plan_of
from lifsim.schedule.plan import GroupPlan, Plan
from lifsim.schedule.traffic import DramBytes
from lifsim.training.gradient_states import StateMoves, gradient_state_moves
from lifsim.training.group_orders import orders_of
from lifsim.training.orders import LayerOrders
from lifsim.training.sizes import TrainingSizes


@dataclass(frozen=True)
class StageBytes(DramBytes):
    """DRAM bytes of one layer in one stage, whole batch, with what training adds. states: what the forward pass keeps
    of LIFs for the backward pass; gradients: of spikes, membranes and weights; weight_updates: weights read, changed
    and written."""

    states_write: int = 0
    states_read: int = 0
    gradients_write: int = 0
    gradients_read: int = 0
    weight_updates: int = 0

    @property
    def reads(self) -> int:
        """Bytes from DRAM."""
        return super().reads + self.states_read + self.gradients_read + self.weight_updates // 2

    @property
    def writes(self) -> int:
        """Bytes to DRAM."""
        return super().writes + self.states_write + self.gradients_write + self.weight_updates // 2

    def shown(self) -> dict[str, int]:
        """Those of inference first."""
        names = ("states_write", "states_read", "gradients_write", "gradients_read", "weight_updates")
        return super().shown() | {name: getattr(self, name) for name in names}


@dataclass(frozen=True)
class LayerTraining:
    """One layer's stages. recompute is None where membranes are stored. orders: of its products on the way back."""

    forward: StageBytes
    recompute: StageBytes | None
    backward: StageBytes
    weight_update: StageBytes
    orders: LayerOrders


def training_traffic(sizes: TrainingSizes, plan: Plan) -> tuple[LayerTraining, ...]:
    """The stages of every layer under `plan`."""
    found = []
    for group in plan.groups:
        carried = gradient_state_moves(sizes.facts, sizes.chip, group, sizes.batch, reverse=sizes.reverse)
        orders = orders_of(sizes, group)
        found += [_layer(sizes, group, carried, orders[index], sizes.layers[index]) for index in group.indices]
    return tuple(found)


def trained_bytes(choices: Choices, choice: Choice, reverse: bool) -> int:
    """What a group moves in all stages of its training. reverse: whether membranes are recomputed."""
    sizes = TrainingSizes(choices.facts, choices.chip, choices.batch, reverse)
    return sum(
        stage.total
        for layer in training_traffic(sizes, plan_of(choices, [choice]))
        for stage in (layer.forward, layer.recompute, layer.backward, layer.weight_update)
        if stage is not None
    )


def _layer(
    sizes: TrainingSizes, group: GroupPlan, carried: StateMoves, orders: LayerOrders, layer: Layer
) -> LayerTraining:
    """All stages."""
    inference = group.layers[layer.index - group.first].dram
    return LayerTraining(
        forward=_forward(sizes, layer, group, inference),
        recompute=_recompute(sizes, layer, group, inference) if sizes.reverse and layer.lif else None,
        backward=_backward(sizes, layer, orders, carried),
        weight_update=_weight_update(sizes, layer, orders),
        orders=orders,
    )


def _forward(sizes: TrainingSizes, layer: Layer, group: GroupPlan, inference: DramBytes) -> StageBytes:
    """Inference, all spikes written: those that a group hands over on chip, too."""
    outputs = sum(sizes.once(tensor, group) for tensor in layer.outputs)
    more = DramBytes(spikes_out=outputs - inference.spikes_out + sizes.hidden_spikes(layer))
    return StageBytes(**vars(inference + more), states_write=sizes.states(layer))


def _recompute(sizes: TrainingSizes, layer: Layer, group: GroupPlan, inference: DramBytes) -> StageBytes:
    """The layer's inputs and weights again, for the inputs x of its LIF, and the LIF's own spikes, with which a
    call is undone: u_before = (u_after + s*theta - x/tau) / (1 - 1/tau)."""
    return StageBytes(
        weights=inference.weights,
        spikes_in=sizes.once(layer.input, group) + sizes.own_spikes(layer),
        residual=sum(sizes.once(tensor, group) for tensor in layer.residuals),
    )


def _backward(sizes: TrainingSizes, layer: Layer, orders: LayerOrders, carried: StateMoves) -> StageBytes:
    """Gradients in from every reader, states in, gradients out to the layers before; gradients of membranes out, as far
    as they wait in DRAM, and in for the product, as often as its order asks; carried: those (and recomputed membranes)
    that leave the chip between timesteps."""
    returned = sum(sizes.gradients_of(tensor) * sizes.gradient(tensor) for tensor in layer.outputs)
    return StageBytes(
        weights=orders.backward.weights if orders.backward else 0,
        membrane_read=int(carried.reads[layer.index].sum()),
        membrane_write=int(carried.writes[layer.index].sum()),
        states_read=sizes.states(layer),
        gradients_write=sum(map(sizes.gradient, sizes.sources(layer))) + orders.goes_out,
        gradients_read=returned + orders.comes_back,
    )


def _weight_update(sizes: TrainingSizes, layer: Layer, orders: LayerOrders) -> StageBytes:
    """Spikes as often as the order asks, gradients of membranes once, sums that the weight buffer cannot hold out and
    in."""
    return StageBytes(
        spikes_in=orders.update.spikes,
        gradients_write=orders.update.sums,
        gradients_read=orders.update.sums + orders.waiting,
        weight_updates=2 * sizes.weights(layer),
    )
