"""SATA_Sim's composition: output-stationary folds, and once a visit the weights as a weight-stationary array has them.

    layer = rounds * os folds  +  (folds_ws - 1) * (Sr + 2H + W - 2) + H

Source: SATA_Sim (Yin et al., "SATA: Sparsity-aware training accelerator for spiking neural networks", IEEE TCAD 2022),
which prints one less (`SRAM Filter Cycles`, an index).
"""

from __future__ import annotations

from lifsim.hardware.array.dataflow.output_stationary import OutputStationary
from lifsim.hardware.array.dataflow.protocol import DATAFLOWS, Dataflow, Operands
from lifsim.hardware.array.dataflow.weight_stationary import WeightStationary, weight_loads
from lifsim.hardware.gemm import ArrayCycles, ArrayShape, Gemm
from lifsim.hardware.input_reads import InputReads
from lifsim.hardware.sram_banks import Ints
from lifsim.hardware.sram_ports import Ports, PortStalls, held_up, parts


@DATAFLOWS.register
class Sata(OutputStationary):
    """Inputs and outputs as os, weights as ws."""

    name = "sata"
    title = "SATA_Sim's: output-stationary, and once a visit weight-stationary folds for the weights"
    loads_once = True

    def operands(self, gemm: Gemm, shape: ArrayShape) -> Operands:
        """Every weight once."""
        return Operands(super().operands(gemm, shape).inputs, WeightStationary().operands(gemm, shape).weights)

    def loads(self, gemm: Gemm, shape: ArrayShape) -> ArrayCycles:
        """Cycles of a ws array up to the last weight row that it loads. Counted as time, not as folds."""
        folds = WeightStationary().folds(gemm, shape)
        whole = folds.count - 1
        once = ArrayCycles(whole * folds.stream_cycles, whole * folds.fill_drain_cycles + shape.rows, 0)
        return once * gemm.groups

    def of_sums(self) -> Dataflow:
        """Plain os: there are no weights to load."""
        return OutputStationary()

    def load_waits(self, gemm: Gemm, shape: ArrayShape, ports: Ports) -> PortStalls:
        """h*w weights a fold of ws."""
        return weight_loads(gemm, shape, ports)

    def waits(self, read: InputReads, gemm: Gemm, shape: ArrayShape, rounds: int, ports: Ports) -> PortStalls:
        """The inputs as os, behind the loads."""
        return super().waits(read, gemm, shape, rounds, ports) + self.load_waits(gemm, shape, ports)

    def row_waits(self, stream: Ints, inputs: Ints, gemm: Gemm, shape: ArrayShape, ports: Ports) -> PortStalls:
        """No weights stream."""
        waits = PortStalls()
        for _, count in parts(gemm.filters, shape.cols):
            waits += held_up(stream, 0, inputs, 0) * count
        return waits
