"""Training: the events of one batch, forward, backward and weight update, as SATA counts them.

Per layer, with Sr, K, Sc of its GEMM, C x H x W its input, g groups, and s_du, s_df the sparsities of gradients of
membranes and of firing gradients:

    stage          array, per group                          MACs on something that is not zero
    forward        [Sr x K] x [K x Sc]                       on input spikes
    recompute      the same, and the LIF calls               on input spikes
    backward       [H*W x M*R*S/g] x [M*R*S/g x C/g]         (1 - s_du) * E*F*K*M per round, of many bits
    weight_update  [K x Sr] x [Sr x Sc]                      on input spikes

Gradients are precision.gradient_bits wide, all of them. Yin et al., IEEE TCAD 42(6), 2023;
docs/model.md, "Training on the accelerator".
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from lifsim.accounting.books import Accesses, Cycles, Operations, SramAccesses, added
from lifsim.accounting.counts import LayerCounts
from lifsim.accounting.machine import Machine
from lifsim.accounting.own.array_work import lif_calls, served
from lifsim.accounting.own.port_work import input_banks
from lifsim.accounting.protocol import Accounting, Setup
from lifsim.accounting.stages import Stages
from lifsim.hardware.array import DATAFLOWS, ArrayCycles, Cut, pe_utilisation, shape_of, sparsity_of
from lifsim.hardware.lif_unit import membrane_accesses
from lifsim.model.network import Layer
from lifsim.schedule.plan import Plan
from lifsim.schedule.products import laid_out
from lifsim.training.carried import membrane_buffer_bits
from lifsim.training.products import Product, StageWork, backward_product, map_products, update_product
from lifsim.training.sizes import TrainingSizes
from lifsim.training.stages import Stage
from lifsim.training.traffic import LayerTraining, StageBytes, training_traffic

NO_ACCESSES = Accesses(0, 0)


def training_counts(accounting: Accounting, setup: Setup, plan: Plan, *, reverse: bool) -> list[Stages]:
    """The stages of every layer under `plan`; their forward pass is what `accounting` counts for inference."""
    traffic = training_traffic(TrainingSizes(plan.facts, plan.chip, setup.batch, reverse), plan)
    # In the backward pass a state's last LIF comes first: its gradient starts from zero.
    first = frozenset(state.layers[-1] for state in plan.facts.states)
    found: list[Stages] = []
    for group in plan.groups:
        counted = accounting.count(setup, plan.facts, group)
        for index, moved, inference in zip(group.indices, group.layers, counted, strict=True):
            forward = _Forward(inference, moved.tiling.cut, group.tick_batched)
            stages = _LayerStages(
                setup, setup.network.layers[index], traffic[index], forward, reverse, starts_from_zero=index in first
            )
            found.append(stages.counts())
    return found


@dataclass(frozen=True)
class _Forward:
    """The forward pass of a layer: its events, without what training adds, and how it runs."""

    counts: LayerCounts
    cut: Cut
    tick_batched: bool


@dataclass(frozen=True)
class _LayerStages:
    """One layer of a training run."""

    setup: Setup
    layer: Layer
    traffic: LayerTraining
    forward: _Forward
    reverse: bool
    starts_from_zero: bool

    @property
    def inference(self) -> LayerCounts:
        return self.forward.counts

    @property
    def tick_batched(self) -> bool:
        return self.forward.tick_batched

    @property
    def machine(self) -> Machine:
        return self.setup.machine

    @property
    def batch(self) -> int:
        return self.setup.batch

    def counts(self) -> dict[Stage, LayerCounts]:
        stages = {Stage.FORWARD: self._forward()}
        if self.traffic.recompute is not None:
            stages[Stage.RECOMPUTE] = self._recompute(self.traffic.recompute)
        orders = self.traffic.orders
        return stages | {
            Stage.BACKWARD: replace(self._backward(), tiling=orders.backward_in_words),
            Stage.WEIGHT_UPDATE: replace(self._weight_update(), tiling=orders.update_in_words),
        }

    def _forward(self) -> LayerCounts:
        """Inference, and the membranes that are kept, which leave through their buffer."""
        kept = self._elements(self.traffic.forward.states_write)
        before = self.inference.sram_accesses
        sram = replace(
            before,
            membrane=added([before.membrane, Accesses(0, kept)]),
            membrane_fill=added([before.membrane_fill, Accesses(kept, 0)]),
        )
        return replace(self.inference, dram_bytes=self.traffic.forward, sram_accesses=sram)

    def _recompute(self, moved: StageBytes) -> LayerCounts:
        """The weight layer and its LIF calls once more; nothing is handed over."""
        before, bits = self.inference.sram_accesses, self.inference.bits
        sram = SramAccesses(
            weight=Accesses(before.weight.reads, moved.weights * 8 // bits.weight),
            spike_in=Accesses(before.spike_in.reads, moved.spikes_in * 8 // bits.spike_in),
            spike_out=NO_ACCESSES,
            membrane=NO_ACCESSES,
            psum=before.psum,
        )
        return replace(self.inference, dram_bytes=moved, sram_accesses=sram, registers=NO_ACCESSES, timesteps=())

    def _backward(self) -> LayerCounts:
        layer, moved, zeros = self.layer, self.traffic.backward, self.setup.network.gradients
        product = backward_product(layer, DATAFLOWS[self.machine.array.dataflow], self.traffic.orders.backward)
        work = self._work(product, self.machine.precision.of_gradients)
        products = round((1 - zeros.membrane_sparsity) * map_products(layer) * layer.rounds * self.batch)
        updates = layer.lif_elements * layer.timesteps * self.batch
        ops = replace(
            self._operations(work.macs, min(work.macs, products), multibit=True),
            pgu_updates=updates,
            pgu_multiplications=round((1 - zeros.firing_sparsity) * updates),
        )
        return self._counts(
            work, ops, self._backward_sram(work, moved), moved, lif_cycles=self._gradient_cycles(),
            registers=self._carried() if self.tick_batched else NO_ACCESSES,
        )  # fmt: skip

    def _backward_sram(self, work: StageWork, moved: StageBytes) -> SramAccesses:
        """Gradients come through spike_in and leave through spike_out; kept membranes through their buffer."""
        precision, read = self.machine.precision, self._elements(moved.states_read)
        carried = NO_ACCESSES if self.tick_batched else self._carried()
        returned = self._carried_elements(moved.membrane_read)
        return SramAccesses(
            weight=Accesses(work.weights, moved.weights * 8 // precision.weight_bits),
            spike_in=Accesses(work.inputs, moved.gradients_read * 8 // precision.of_gradients),
            spike_out=Accesses(moved.gradients_write * 8 // precision.of_gradients, work.finished),
            membrane=added([carried, Accesses(read, 0)]),
            psum=Accesses(work.psum_reads, work.psum_writes),
            membrane_fill=Accesses(self._carried_elements(moved.membrane_write), returned + read),
        )

    def _weight_update(self) -> LayerCounts:
        """Weight gradients collect in the psum buffer from round to round, and change the weights once."""
        layer, moved, bits = self.layer, self.traffic.weight_update, self.machine.precision.of_gradients
        product = update_product(layer, DATAFLOWS[self.machine.array.dataflow], self.traffic.orders.update)
        work = self._work(product, self.inference.bits.spike_in)
        ops = self._operations(work.macs, self.inference.ops.macs_effective, multibit=layer.multibit_input)
        sram = SramAccesses(
            weight=Accesses(
                work.weights + moved.gradients_write * 8 // bits + 2 * layer.weights,
                moved.gradients_read * 8 // bits + 2 * layer.weights,
            ),
            spike_in=Accesses(work.inputs, moved.spikes_in * 8 // self.inference.bits.spike_in),
            spike_out=NO_ACCESSES,
            membrane=NO_ACCESSES,
            psum=Accesses(work.psum_reads + work.finished - layer.weights, work.psum_writes + work.finished),
        )
        return self._counts(work, ops, sram, moved, lif_cycles=0, registers=NO_ACCESSES)

    def _work(self, product: Product, input_bits: int) -> StageWork:
        shape = shape_of(self.machine.array)
        words = product.input_words(shape, input_banks(self.machine.stores), input_bits)
        return StageWork.of(product, shape, self.batch, words, tick_batched=self.tick_batched)

    def _elements(self, moved_bytes: int) -> int:
        """Membranes in so many bytes."""
        return moved_bytes * 8 // self.machine.precision.membrane_bits

    def _carried_elements(self, moved_bytes: int) -> int:
        """Gradients of states in so many bytes, and the recomputed states beside them."""
        precision = self.machine.precision
        pair = precision.of_gradients + (precision.membrane_bits if self.reverse else 0)
        return moved_bytes * 8 * (2 if self.reverse else 1) // pair

    def _carried(self) -> Accesses:
        """Gradients of states from timestep to timestep, and the recomputed states beside them."""
        layer, channels = self.layer, self.setup.channels[self.layer.index]
        accesses = membrane_accesses(layer.lif_elements, layer.timesteps, channels, self.starts_from_zero)
        each = self.batch * layer.state_variables * (2 if self.reverse else 1)
        return Accesses(*(count * each for count in accesses))

    def _gradient_cycles(self) -> int:
        """Passes of the gradient units, one a LIF unit: as many as the LIF units' in the forward stage, not hidden."""
        calls = lif_calls(self.layer, self.setup.bank.pass_cycles, overlapped=False)
        if calls is None:
            return 0
        shape, dataflow = shape_of(self.machine.array), DATAFLOWS[self.machine.array.dataflow]
        laid = laid_out(self.layer, shape, dataflow, self.forward.cut, tick_batched=self.tick_batched)
        return served(calls, laid).size * self.layer.timesteps * self.batch * self.setup.bank.pass_cycles

    def _operations(self, dense: int, effective: int, *, multibit: bool) -> Operations:
        executed = effective if sparsity_of(self.machine.array).gates else dense
        return Operations(dense, effective, executed, executed if multibit else 0, 0)

    def _counts(
        self,
        work: StageWork,
        ops: Operations,
        sram: SramAccesses,
        moved: StageBytes,
        *,
        lif_cycles: int,
        registers: Accesses,
    ) -> LayerCounts:
        """Gradients have one width, wherever they pass; weights that change are few beside them, and of what passes the
        membrane buffer on the way back the wider sets the width."""
        precision, shape = self.machine.precision, shape_of(self.machine.array)
        update = moved.weight_updates > 0
        bits = replace(
            self.inference.bits,
            weight=precision.of_gradients if update else precision.weight_bits,
            spike_in=self.inference.bits.spike_in if update else precision.of_gradients,
            spike_out=precision.of_gradients,
            membrane=membrane_buffer_bits(precision),
        )
        return replace(
            self.inference,
            cycles=_cycles(work.cycles, lif_cycles),
            ops=ops,
            dram_bytes=moved,
            sram_accesses=sram,
            registers=registers,
            bits=bits,
            pe_utilisation=pe_utilisation(work.macs, shape, work.cycles.total),
            timesteps=(),
            input_words=work.input_words,
        )


def _cycles(array: ArrayCycles, lif: int) -> Cycles:
    return Cycles(array.total + lif, array.array, array.fill_drain, lif, 0, 0, 0, 0)
