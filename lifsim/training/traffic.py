"""The DRAM traffic of training beyond that of inference, layer by layer: kept states, gradients, weight updates.

Three stages, as SATA has them (Yin et al., IEEE TCAD 42(6), 2023), and a fourth where membranes are recomputed:

    forward        as in inference; what the backward pass reads again goes to DRAM
    recompute      (not stored) the weight layer once more, from the stored spikes, for the inputs x of its LIF
    gradient_sums  (batch norm) membrane gradients of the batch, for the two sums that the norm's gradient needs
    backward       membrane gradients of all timesteps, last one first; transposed convolution with the weights
    weight_update  input spikes x membrane gradients, summed over timesteps and images; weights read, changed, written,
                   with what the optimizer keeps of them (lifsim.training.optimizer)

docs/model.md, "Training on the accelerator", has the equations and what they assume.
"""

from __future__ import annotations

from dataclasses import replace

from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Layer
from lifsim.schedule.plan import GroupPlan, Plan
from lifsim.schedule.traffic import DramBytes
from lifsim.training.forward_again import ForwardAgain
from lifsim.training.gradient_states import StateMoves, gradient_state_moves
from lifsim.training.group_orders import orders_of
from lifsim.training.norm_sums import NormSums, norm_sums
from lifsim.training.orders import LayerOrders
from lifsim.training.sizes import TrainingSizes


@dataclass(frozen=True)
class StageBytes(DramBytes):
    """DRAM bytes of one layer in one stage, whole batch, with those that training adds. states: membranes that the
    forward pass keeps for the backward pass; gradients: of spikes, membranes and weights; weight_updates: weights read,
    changed and written; sums: those that wait for the statistics of a batch norm, or are kept for its gradient;
    optimizer_state: read and written; update_reads: the reads among optimizer_state and weight_updates."""

    states_write: int = 0
    states_read: int = 0
    gradients_write: int = 0
    gradients_read: int = 0
    weight_updates: int = 0
    sums_write: int = 0
    sums_read: int = 0
    optimizer_state: int = 0
    update_reads: int = 0

    @property
    def reads(self) -> int:
        """Bytes from DRAM."""
        return super().reads + self.states_read + self.gradients_read + self.sums_read + self.update_reads

    @property
    def writes(self) -> int:
        """Bytes to DRAM."""
        updated = self.weight_updates + self.optimizer_state - self.update_reads
        return super().writes + self.states_write + self.gradients_write + self.sums_write + updated

    def shown(self) -> dict[str, int]:
        """The bytes by tensor, those of inference first."""
        ways = [f"{name}_{way}" for name in ("states", "gradients") for way in ("write", "read")]
        names = (*ways, "weight_updates", "optimizer_state", "sums_write", "sums_read")
        return super().shown() | {name: getattr(self, name) for name in names}


@dataclass(frozen=True)
class LayerTraining:
    """One layer's stages. recompute is None where membranes are stored, gradient_sums without a batch norm that takes
    its statistics of the batch. orders: of its products in the backward pass. in_flight: bytes of recomputed u' that
    are read to be undone. norm: bytes that the norm moves, over all stages."""

    forward: StageBytes
    recompute: StageBytes | None
    gradient_sums: StageBytes | None
    backward: StageBytes
    weight_update: StageBytes
    orders: LayerOrders
    in_flight: int
    norm: NormSums | None

    @property
    def total(self) -> int:
        """DRAM bytes of all stages."""
        stages = (self.forward, self.recompute, self.gradient_sums, self.backward, self.weight_update)
        return sum(stage.total for stage in stages if stage is not None)


def training_traffic(sizes: TrainingSizes, plan: Plan) -> tuple[LayerTraining, ...]:
    """The stages of every layer under `plan`."""
    return tuple(layer for group in plan.groups for layer in group_training(sizes, group))


def group_training(sizes: TrainingSizes, group: GroupPlan) -> list[LayerTraining]:
    """The stages of the layers of one group."""
    carried = gradient_state_moves(sizes.facts, sizes.chip, group, sizes.batch, sizes.keeping)
    orders = orders_of(sizes, group)
    return [_layer(sizes, group, carried, orders[index], sizes.layers[index]) for index in group.indices]


def _layer(
    sizes: TrainingSizes, group: GroupPlan, carried: StateMoves, orders: LayerOrders, layer: Layer
) -> LayerTraining:
    """All stages."""
    inference, norm = group.layers[layer.index - group.first].dram, norm_sums(sizes, layer, group)
    backward, first_pass = _backward(sizes, layer, group, orders, carried), None
    if norm is not None:
        first_pass, backward = two_passes(sizes, layer, norm, backward)
    again = None
    if orders.again is not None:
        again = _product_again(orders.again, inference, norm)
    return LayerTraining(
        forward=_forward(sizes, layer, group, inference, norm),
        recompute=_recompute(sizes, layer, group, carried, again) if again else None,
        gradient_sums=first_pass,
        backward=backward,
        weight_update=_weight_update(sizes, layer, orders),
        orders=orders,
        in_flight=int(carried.in_flight[layer.index].sum()),
        norm=norm,
    )


def _forward(
    sizes: TrainingSizes, layer: Layer, group: GroupPlan, inference: DramBytes, norm: NormSums | None
) -> StageBytes:
    """The forward stage: inference with all spikes written, including those that a group hands over on chip."""
    outputs = sum(sizes.once(tensor, group) for tensor in layer.outputs)
    more = DramBytes(spikes_out=outputs - inference.spikes_out + sizes.hidden_spikes(layer))
    sums = (0, 0) if norm is None else (norm.forward_write, norm.forward_read)
    again = DramBytes() if norm is None else norm.again
    moved = StageBytes(**vars(inference + more + again), states_write=sizes.states_written(layer, group))
    return replace(moved, sums_write=sums[0], sums_read=sums[1])


def _product_again(again: ForwardAgain, inference: DramBytes, norm: NormSums | None) -> StageBytes:
    """The forward product once more, with its spilled psums and the currents that wait to be replayed. Sums that a
    norm's gradient needs twice are written if they do not stay on chip, or computed once more."""
    once = DramBytes(
        weights=again.weights,
        spikes_in=again.spikes,
        psum_read=inference.psum_read,
        psum_write=inference.psum_write,
    )
    if norm is None:
        return StageBytes(**vars(once))
    return StageBytes(**vars(once + norm.recompute_again), sums_write=norm.recompute_write)


def _recompute(
    sizes: TrainingSizes, layer: Layer, group: GroupPlan, carried: StateMoves, product: StageBytes
) -> StageBytes:
    """`product`, and what its LIF reads: residual operands for the inputs x of its calls; its own spikes, where a call
    is undone: u_before = (u_after + s*theta - x/tau) / (1 - 1/tau); where u runs forward, the state that it begins
    with, and u' of the calls that the membrane buffer cannot hold until they are undone."""
    begun = sizes.states_read(layer, group) if sizes.keeping.holds_calls else 0
    calls = StageBytes(
        spikes_in=sizes.own_spikes(layer) if sizes.keeping.reads_spikes else 0,
        residual=sum(sizes.once(tensor, group) for tensor in layer.residuals),
        membrane_read=int(carried.continued[layer.index].sum()),
        membrane_write=int(carried.in_flight[layer.index].sum()),
        states_read=begun,
    )
    return product + calls


def _backward(
    sizes: TrainingSizes, layer: Layer, group: GroupPlan, orders: LayerOrders, carried: StateMoves
) -> StageBytes:
    """The backward stage: gradients in from every reader, states in, gradients out to the layers before; gradients of
    membranes out, as far as they wait in DRAM, and in for the product, as often as its order requires. carried:
    membrane gradients (and recomputed membranes) that leave the chip between timesteps."""
    returned = sum(sizes.gradients_of(tensor) * sizes.gradient(tensor) for tensor in layer.outputs)
    return StageBytes(
        weights=orders.backward.weights if orders.backward else 0,
        membrane_read=int(carried.reads[layer.index].sum() + carried.in_flight[layer.index].sum()),
        membrane_write=int(carried.writes[layer.index].sum()),
        states_read=0 if sizes.keeping.holds_calls else sizes.states_read(layer, group),
        gradients_write=sum(map(sizes.gradient, sizes.sources(layer))) + orders.goes_out,
        gradients_read=returned + orders.comes_back,
    )


def two_passes(sizes: TrainingSizes, layer: Layer, norm: NormSums, whole: StageBytes) -> tuple[StageBytes, StageBytes]:
    """The backward stage of a layer with a batch norm in two passes (without a norm it would be `whole`): the pass of
    the gradient units over the batch, which hands gradients back to residual operands, and the rest, for which dy is
    read again."""
    residual = sum(sizes.gradient(tensor) for tensor in layer.residuals if sizes.has_gradient(tensor))
    returned = sum(sizes.gradients_of(tensor) * sizes.gradient(tensor) for tensor in layer.outputs)
    first = StageBytes(
        membrane_read=whole.membrane_read,
        membrane_write=whole.membrane_write,
        states_read=whole.states_read,
        gradients_write=residual + norm.gradient_write,
        gradients_read=returned,
        sums_read=norm.first_read,
    )
    second = replace(
        whole,
        membrane_read=0,
        membrane_write=0,
        states_read=0,
        gradients_write=whole.gradients_write - residual,
        gradients_read=whole.gradients_read - returned + norm.gradient_read,
        sums_read=norm.second_read,
    )
    return first, second


def _weight_update(sizes: TrainingSizes, layer: Layer, orders: LayerOrders) -> StageBytes:
    """The weight update: spikes as often as the order requires, gradients of membranes once, sums that the weight
    buffer cannot hold out and in; the weights, and the optimizer's state."""
    update = sizes.update(layer)
    return StageBytes(
        spikes_in=orders.update.spikes,
        gradients_write=orders.update.sums,
        gradients_read=orders.update.sums + orders.waiting,
        weight_updates=update.weights_read + update.weights_written,
        optimizer_state=2 * update.state,
        update_reads=update.weights_read + update.state,
    )
