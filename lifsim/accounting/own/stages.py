"""Training: the events of one batch, forward, backward and weight update, as SATA counts them.

Per layer, with Sr, K, Sc of its GEMM, C x H x W its input, g groups, and s_du, s_df the sparsities of gradients of
membranes and of firing gradients:

    stage          array, per group                          MACs on something that is not zero
    forward        [Sr x K] x [K x Sc]                       on input spikes
    recompute      the same, and the LIF calls               on input spikes (calls undone, or run again)
    backward       [H*W x M*R*S/g] x [M*R*S/g x C/g]         (1 - s_du) * E*F*K*M per round, of many bits
    weight_update  [K x Sr] x [Sr x Sc]                      on input spikes

Gradients are precision.gradient_bits wide, all of them. Yin et al., IEEE TCAD 42(6), 2023;
docs/model.md, "Training on the accelerator".
"""

from __future__ import annotations

from dataclasses import replace

from lifsim.accounting.books import Accesses, Cycles, Operations, SramAccesses
from lifsim.accounting.counts import LayerCounts
from lifsim.accounting.machine import Machine
from lifsim.accounting.own.gradient_units import NO_ACCESSES, GradientUnits
from lifsim.accounting.own.norm_work import NormWork
from lifsim.accounting.own.port_work import input_banks
from lifsim.accounting.protocol import Accounting, Setup
from lifsim.accounting.records import added
from lifsim.accounting.stages import Stages
from lifsim.hardware.array import ArrayCycles, dataflow_of, pe_utilisation, shape_of, sparsity_of
from lifsim.keeping import Keeping
from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Layer
from lifsim.schedule.plan import Plan
from lifsim.training.carried import membrane_buffer_bits
from lifsim.training.optimizer import UpdateWork
from lifsim.training.products import Product, StageWork, backward_product, map_products, update_product
from lifsim.training.sizes import TrainingSizes
from lifsim.training.stages import Stage
from lifsim.training.traffic import LayerTraining, StageBytes, training_traffic
from lifsim.training.undone import registers_for_calls


def training_counts(accounting: Accounting, setup: Setup, plan: Plan, keeping: Keeping) -> list[Stages]:
    """The stages of every layer under `plan`; the forward pass is what `accounting` counts for inference."""
    traffic = training_traffic(TrainingSizes(plan.facts, plan.chip, setup.batch, keeping), plan)
    # In the backward pass the last LIF of a state comes first: its gradient starts from zero.
    first = frozenset(state.layers[-1] for state in plan.facts.states)
    found: list[Stages] = []
    for group in plan.groups:
        counted = accounting.count(setup, plan.facts, group)
        for index, moved, inference in zip(group.indices, group.layers, counted, strict=True):
            layer = setup.network.layers[index]
            units = GradientUnits(
                setup, layer, keeping, moved.tiling.cut, group.tick_batched,
                calls_in_registers=registers_for_calls(layer, group, plan.chip, keeping) > 0,
                starts_from_zero=index in first,
            )  # fmt: skip
            found.append(_LayerStages(setup, layer, traffic[index], inference, units).counts())
    return found


@dataclass(frozen=True)
class _LayerStages:
    """One layer of a training run. inference: the counts of its forward pass, without those that training adds."""

    setup: Setup
    layer: Layer
    traffic: LayerTraining
    inference: LayerCounts
    units: GradientUnits

    @property
    def keeping(self) -> Keeping:
        return self.units.keeping

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
        if self.traffic.gradient_sums is not None:
            stages[Stage.GRADIENT_SUMS] = self._gradient_sums(self.traffic.gradient_sums)
        orders = self.traffic.orders
        return stages | {
            Stage.BACKWARD: replace(self._backward(), tiling=orders.backward_in_words),
            Stage.WEIGHT_UPDATE: replace(self._weight_update(), tiling=orders.update_in_words),
        }

    @property
    def norm(self) -> NormWork | None:
        """The work of a batch norm with batch statistics."""
        moved = self.traffic.norm
        return None if moved is None else NormWork(self.layer, moved, self.batch, self.machine.precision.psum_bits)

    def _forward(self) -> LayerCounts:
        """The forward stage: inference, plus the kept membranes, which leave through their buffer."""
        kept = self._elements(self.traffic.forward.states_write)
        before = self.inference.sram_accesses
        sram = replace(
            before,
            membrane=added([before.membrane, Accesses(0, kept)]),
            membrane_fill=added([before.membrane_fill, Accesses(kept, 0)]),
        )
        counts = replace(self.inference, dram_bytes=self.traffic.forward, sram_accesses=sram)
        if self.norm is None:
            return counts
        counts = replace(counts, tiling=f"{counts.tiling}, {self.norm.norm.in_words}")
        return self.norm.forward(counts, self.units.statistics_cycles)

    def _recompute(self, moved: StageBytes) -> LayerCounts:
        """The recomputation: the weight layer and its LIF calls once more, without handing spikes over. If the calls
        run forward again, membranes are read and written as in inference, and u' of each call is stored."""
        before, bits = self.inference.sram_accesses, self.inference.bits
        membrane = fill = registers = NO_ACCESSES
        if self.keeping.holds_calls:
            aside, in_registers = Accesses(0, self.units.calls), self.units.calls_in_registers
            membrane = before.membrane if in_registers else added([before.membrane, aside])
            registers = added([self.inference.registers, aside]) if in_registers else self.inference.registers
            arrived = self._elements(moved.states_read) + self._elements(moved.membrane_read)
            fill = Accesses(self._elements(moved.membrane_write), arrived)
        sram = SramAccesses(
            weight=Accesses(before.weight.reads, moved.weights * 8 // bits.weight),
            spike_in=Accesses(before.spike_in.reads, moved.spikes_in * 8 // bits.spike_in),
            spike_out=NO_ACCESSES,
            membrane=membrane,
            psum=before.psum,
            membrane_fill=fill,
        )
        counts = replace(self.inference, dram_bytes=moved, sram_accesses=sram, registers=registers, timesteps=())
        return counts if self.norm is None else self.norm.recompute(counts)

    def _gradient_sums(self, moved: StageBytes) -> LayerCounts:
        """The pass of the gradient units over the batch, for which the array waits."""
        nothing = self._work(replace(self._backward_product, tiles=()), self.machine.precision.of_gradients)
        counts = self._counts(
            nothing, self.units.counted_in(self._operations(0, 0, multibit=False)), self._backward_sram(nothing, moved),
            moved, lif_cycles=self.units.statistics_cycles, registers=self.units.registers,
        )  # fmt: skip
        return counts if self.norm is None else self.norm.first_pass(counts)

    def _backward(self) -> LayerCounts:
        layer, moved, zeros = self.layer, self.traffic.backward, self.setup.network.gradients
        product = self._backward_product
        work = self._work(product, self.machine.precision.of_gradients)
        products = round((1 - zeros.membrane_sparsity) * map_products(layer) * layer.rounds * self.batch)
        ops = self._operations(work.macs, min(work.macs, products), multibit=True)
        if self.norm is not None:
            sram = self._backward_sram(work, moved, units=False)
            counts = self._counts(
                work, ops, sram, moved, lif_cycles=self.units.norm_cycles, registers=NO_ACCESSES
            )  # fmt: skip
            return self.norm.second_pass(counts)
        return self._counts(
            work, self.units.counted_in(ops), self._backward_sram(work, moved), moved,
            lif_cycles=self.units.cycles, registers=self.units.registers,
        )  # fmt: skip

    @property
    def _backward_product(self) -> Product:
        return backward_product(self.layer, dataflow_of(self.machine.array), self.traffic.orders.backward)

    def _backward_sram(self, work: StageWork, moved: StageBytes, *, units: bool = True) -> SramAccesses:
        """SRAM accesses of a backward stage: gradients come through spike_in and leave through spike_out, kept
        membranes pass their buffer. units: whether the gradient units work in this stage."""
        precision, read = self.machine.precision, self._elements(moved.states_read)
        in_flight = self.traffic.in_flight if units else 0
        returned = self._carried_elements(moved.membrane_read - in_flight) + self._elements(in_flight)
        return SramAccesses(
            weight=Accesses(work.weights, moved.weights * 8 // precision.weight_bits),
            spike_in=Accesses(work.inputs, moved.gradients_read * 8 // precision.of_gradients),
            spike_out=Accesses(moved.gradients_write * 8 // precision.of_gradients, work.finished),
            membrane=added([Accesses(read, 0), self.units.buffer if units else NO_ACCESSES]),
            psum=Accesses(work.psum_reads, work.psum_writes),
            membrane_fill=Accesses(self._carried_elements(moved.membrane_write), returned + read),
        )

    def _weight_update(self) -> LayerCounts:
        """The weight update: weight gradients accumulate in the psum buffer over the rounds and change the weights
        once. Weights and the optimizer's state pass the weight buffer, counted in elements of the gradients' width."""
        layer, moved, bits = self.layer, self.traffic.weight_update, self.machine.precision.of_gradients
        product = update_product(layer, dataflow_of(self.machine.array), self.traffic.orders.update)
        work = self._work(product, self.inference.bits.spike_in)
        change = UpdateWork.of(layer, self.machine.optimizer)
        ops = replace(
            self._operations(work.macs, self.inference.ops.macs_effective, multibit=layer.multibit_input),
            optimizer_multiply_adds=change.multiply_adds,
            optimizer_divisions=change.divisions,
        )
        changed = layer.weights * (1 if self.machine.optimizer.master_weights else 2)
        changed += moved.optimizer_state * 8 // bits
        sram = SramAccesses(
            weight=Accesses(
                work.weights + moved.gradients_write * 8 // bits + changed,
                moved.gradients_read * 8 // bits + changed,
            ),
            spike_in=Accesses(work.inputs, moved.spikes_in * 8 // self.inference.bits.spike_in),
            spike_out=NO_ACCESSES,
            membrane=NO_ACCESSES,
            psum=Accesses(work.psum_reads + work.finished - layer.weights, work.psum_writes + work.finished),
        )
        return self._counts(work, ops, sram, moved, lif_cycles=change.cycles, registers=NO_ACCESSES)

    def _work(self, product: Product, input_bits: int) -> StageWork:
        shape = shape_of(self.machine.array)
        words = product.input_words(shape, input_banks(self.machine.stores), input_bits)
        return StageWork.of(product, shape, self.batch, words, tick_batched=self.units.tick_batched)

    def _elements(self, moved_bytes: int) -> int:
        """Number of membranes in these bytes."""
        return moved_bytes * 8 // self.machine.precision.membrane_bits

    def _carried_elements(self, moved_bytes: int) -> int:
        """Number of gradients of states, and of undone states beside them, in these bytes."""
        precision, both = self.machine.precision, self.keeping.carries_states
        pair = precision.of_gradients + (precision.membrane_bits if both else 0)
        return moved_bytes * 8 * (2 if both else 1) // pair

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
        """Counts of a stage. Gradients have one width in every buffer; weights that change are few beside them. In the
        membrane buffer, the wider of membranes and gradients sets the width of the backward pass."""
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
