"""Waits of the stages of training for the ports of buffers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lifsim.accounting.counts import LayerCounts
from lifsim.accounting.own.array_work import lif_calls, served
from lifsim.accounting.own.port_work import ports_of
from lifsim.accounting.own.ports import waiting, with_port_stalls
from lifsim.accounting.protocol import Setup
from lifsim.accounting.stages import Stages
from lifsim.hardware.array import DATAFLOWS, ArrayShape, Cut, Dataflow, shape_of
from lifsim.hardware.sram_ports import Port, PortStalls
from lifsim.keeping import Keeping
from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Layer
from lifsim.schedule.plan import GroupPlan
from lifsim.schedule.tensors.products import laid_out
from lifsim.training.carried import membrane_buffer_bits
from lifsim.training.norm_sums import norm_sums
from lifsim.training.orders import LayerOrders
from lifsim.training.products import Product, backward_product, update_product
from lifsim.training.sizes import TrainingSizes
from lifsim.training.stages import Stage
from lifsim.training.undone import registers_for_calls


def with_training_port_stalls(
    setup: Setup, sizes: TrainingSizes, group: GroupPlan, orders: LayerOrders, layer: Layer, stages: Stages
) -> Stages:
    """`stages` of `layer` in `group`, completed by their waits for SRAM ports. orders: of its products in the backward
    pass.

    The forward stage reads spikes as inference does, and so does recomputation, whose LIFs hand nothing over. The
    operands of the other products are assumed to lie in the order in which the array asks for them.
    """
    norm = norm_sums(sizes, layer, group)
    tiling, tick = group.layers[layer.index - group.first].tiling, group.tick_batched
    in_registers = registers_for_calls(layer, group, sizes.chip, sizes.keeping) > 0
    ports = _Ports(setup, layer, orders, tiling.cut, tick, sizes.keeping, in_registers)
    apart = norm is not None and norm.way == "round trip"
    silent = replace(layer, lif=None)

    def forward(counts: LayerCounts) -> LayerCounts:
        found = with_port_stalls(setup, layer, counts, tiling, tick_batched=tick, apart=apart)
        return found if norm is None or norm.way != "twice" else _more(counts, found, sums(counts))

    def sums(counts: LayerCounts) -> LayerCounts:
        return with_port_stalls(setup, silent, counts, tiling, tick_batched=tick)

    def recompute(counts: LayerCounts) -> LayerCounts:
        found = sums(counts)
        return found if norm is None or not norm.recomputed_twice else _more(counts, found, found)

    waits = {
        Stage.FORWARD: forward,
        Stage.RECOMPUTE: recompute,
        Stage.GRADIENT_SUMS: ports.gradient_sums,
        Stage.BACKWARD: ports.backward if norm is None else ports.product,
        Stage.WEIGHT_UPDATE: ports.weight_update,
    }
    return {stage: waits[stage](counts) for stage, counts in stages.items()}


def _more(counts: LayerCounts, one: LayerCounts, other: LayerCounts) -> LayerCounts:
    """`counts` with the waits of two runs of the array."""
    return waiting(counts, one.port_stalls + other.port_stalls)


@dataclass(frozen=True)
class _Ports:
    """The waits of one stage of a layer for the ports of buffers."""

    setup: Setup
    layer: Layer
    orders: LayerOrders
    cut: Cut
    tick_batched: bool
    keeping: Keeping
    calls_in_registers: bool

    def backward(self, counts: LayerCounts) -> LayerCounts:
        return waiting(counts, self.product(counts).port_stalls + self._gradient_units())

    def gradient_sums(self, counts: LayerCounts) -> LayerCounts:
        return waiting(counts, self._gradient_units())

    def product(self, counts: LayerCounts) -> LayerCounts:
        product = backward_product(self.layer, self._dataflow, self.orders.backward)
        return waiting(counts, self._product(counts, product))

    def weight_update(self, counts: LayerCounts) -> LayerCounts:
        return waiting(counts, self._product(counts, update_product(self.layer, self._dataflow, self.orders.update)))

    def _product(self, counts: LayerCounts, product: Product) -> PortStalls:
        ports = ports_of(self.setup.machine.stores, counts.bits)
        waits = product.waits(self._shape, ports, counts.bits.spike_in, tick_batched=self.tick_batched)
        return waits * self.setup.batch

    def _gradient_units(self) -> PortStalls:
        """A pass takes as long as its membranes need to pass the read ports of their buffer: those of all calls, if
        they were stored there in the forward pass or by recomputation, and at every timestep the gradients of
        membranes, with undone states beside them. Writes have separate ports."""
        calls = lif_calls(self.layer, self.setup.bank.pass_cycles, overlapped=False)
        if calls is None:
            return PortStalls()
        buffer, latency = self.setup.machine.stores.membrane, self.setup.bank.pass_cycles
        outputs = served(calls, laid_out(self.layer, self._shape, self._dataflow, self.cut, tick_batched=False))
        states = -(-outputs // self.setup.channels[self.layer.index]) * self.layer.state_variables
        carried = np.zeros_like(states) if self.tick_batched else states * (2 if self.keeping.carries_states else 1)
        elsewhere = self.keeping.carries_states or self.calls_in_registers
        stored = np.zeros_like(outputs) if elsewhere else outputs * self.layer.state_variables
        port = Port(membrane_buffer_bits(self.setup.machine.precision), buffer.banks * buffer.port_bits)
        late = int((port.slowed(latency, stored + carried) - latency).sum()) if buffer.size_bytes else 0
        return PortStalls(membrane=late * self.layer.timesteps * self.setup.batch)

    @property
    def _dataflow(self) -> Dataflow:
        return DATAFLOWS[self.setup.machine.array.dataflow]

    @property
    def _shape(self) -> ArrayShape:
        return shape_of(self.setup.machine.array)
