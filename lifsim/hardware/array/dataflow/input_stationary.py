"""Input-stationary: a PE holds one input; weights stream through, psums come out below.

H products by W pixels a fold. It takes H cycles to load the inputs:

    fold = Sc + 2H + W - 2      folds = ceil(K/H) * ceil(Sr/W)
    inputs = Sr*K               weights = K*Sc*ceil(Sr/W)
"""

from __future__ import annotations

import numpy as np

from lifsim.hardware.array.dataflow.protocol import DATAFLOWS, Dataflow, Folds, FoldWords, Operands, OutputBlock
from lifsim.hardware.gemm import ArrayShape, Gemm, ceil_div
from lifsim.hardware.input_reads import InputReads, Reads
from lifsim.hardware.sram_banks import Banks
from lifsim.hardware.sram_ports import Ports, PortStalls, cut, held_up


@DATAFLOWS.register
class InputStationary(Dataflow):
    """As SCALE-Sim v3's `is`."""

    name = "is"
    title = "input-stationary: a PE keeps one input, filters stream"
    rows, cols, streamed = "products", "pixels", "operands"

    def folds(self, gemm: Gemm, shape: ArrayShape) -> Folds:
        """Sc filters a fold."""
        reductions, outputs = ceil_div(gemm.reduction, shape.rows), ceil_div(gemm.pixels, shape.cols)
        return Folds(reductions, outputs, gemm.filters, 2 * shape.rows + shape.cols - 2)

    def words(self, gemm: Gemm, shape: ArrayShape) -> FoldWords:
        """Products over rows, pixels over columns."""
        count = f"ceil({gemm.reduction}/{shape.rows})*ceil({gemm.pixels}/{shape.cols})"
        return FoldWords(count, f"(2*{shape.rows}+{shape.cols}-2)", "2 rows + cols - 2")

    def finishes(self, gemm: Gemm, shape: ArrayShape) -> OutputBlock:
        """All filters that stream past a fold's pixels."""
        return OutputBlock(shape.cols, None)

    def operands(self, gemm: Gemm, shape: ArrayShape) -> Operands:
        """Every input once, weights once a column fold."""
        weights = gemm.reduction * gemm.filters * ceil_div(gemm.pixels, shape.cols)
        return Operands(inputs=gemm.pixels * gemm.reduction, weights=weights)

    def waits(self, read: InputReads, gemm: Gemm, shape: ArrayShape, rounds: int, ports: Ports) -> PortStalls:
        """h vectors of w inputs are loaded, each late by what it takes beyond a cycle; then S*h weights come in and
        S*w psums go out in S cycles."""
        waits = PortStalls(spike_in=int(self.input_reads(read, gemm, ports.spike_in, shape).waits.sum()))
        stream, no_inputs = gemm.filters, np.zeros(1, np.int64)
        for h, w, count in cut(gemm.reduction, gemm.pixels, shape.rows, shape.cols):
            late = held_up(stream, ports.weight.cycles(stream * h), no_inputs, ports.psum.cycles(stream * w))
            waits += late * (count * gemm.groups)
        return waits * rounds

    def input_reads(self, read: InputReads, gemm: Gemm, banks: Banks, shape: ArrayShape) -> Reads:
        """Neighbouring pixels ask for the same product."""
        return read.planar_reads(banks, shape.cols)

    def input_repeats(self, gemm: Gemm, shape: ArrayShape) -> int:
        """Once: what was loaded stays."""
        return 1
