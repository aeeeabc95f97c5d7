"""Output-stationary: a PE holds one output, to which a pair of operands adds in every cycle.

H pixels by W filters a fold; inputs come from the left, weights from the top, each skewed by a cycle a row or column:

    fold = K + H + W - 2        folds = ceil(Sr/H) * ceil(Sc/W)
    inputs = Sr*K*ceil(Sc/W)    weights = K*Sc*ceil(Sr/H)
"""

from __future__ import annotations

import numpy as np

from lifsim.hardware.array.dataflow.protocol import DATAFLOWS, Dataflow, Folds, FoldWords, Operands, OutputBlock
from lifsim.hardware.gemm import ArrayShape, Gemm, ceil_div
from lifsim.hardware.input_reads import InputReads, Reads
from lifsim.hardware.sram_banks import Banks, Ints
from lifsim.hardware.sram_ports import Ports, PortStalls, held_up, parts


@DATAFLOWS.register
class OutputStationary(Dataflow):
    """As SCALE-Sim v3's `os`, which prints the last cycle's index, one less than the count."""

    name = "os"
    title = "output-stationary: a PE sums up one output"
    rows, cols, streamed = "pixels", "filters", "operands"
    holds_pixels = sums_in_pes = True

    def folds(self, gemm: Gemm, shape: ArrayShape) -> Folds:
        """K operands a fold."""
        outputs = ceil_div(gemm.pixels, shape.rows) * self.input_repeats(gemm, shape)
        return Folds(1, outputs, gemm.reduction, shape.rows + shape.cols - 2)

    def words(self, gemm: Gemm, shape: ArrayShape) -> FoldWords:
        """Pixels over rows, filters over columns."""
        count = f"ceil({gemm.pixels}/{shape.rows})*ceil({gemm.filters}/{shape.filter_cols(gemm.chain)})"
        return FoldWords(count, f"({shape.rows}+{shape.cols}-2)", "rows + cols - 2")

    def finishes(self, gemm: Gemm, shape: ArrayShape) -> OutputBlock:
        """Those of a fold."""
        return OutputBlock(shape.rows, shape.filter_cols(gemm.chain))

    def operands(self, gemm: Gemm, shape: ArrayShape) -> Operands:
        """Inputs once a column fold, weights once a row fold."""
        return Operands(
            inputs=gemm.pixels * gemm.reduction * self.input_repeats(gemm, shape),
            weights=gemm.reduction * gemm.filters * ceil_div(gemm.pixels, shape.rows),
        )

    def waits(self, read: InputReads, gemm: Gemm, shape: ArrayShape, rounds: int, ports: Ports) -> PortStalls:
        """K vectors of h inputs and K*w weights stream in K cycles."""
        inputs = gemm.reduction + self.input_reads(read, gemm, ports.spike_in, shape).waits
        return self.row_waits(np.full_like(inputs, gemm.reduction), inputs, gemm, shape, ports) * rounds

    def row_waits(self, stream: Ints, inputs: Ints, gemm: Gemm, shape: ArrayShape, ports: Ports) -> PortStalls:
        """The weights of a fold pass while its rows stream."""
        waits = PortStalls()
        for w, count in parts(gemm.filters, shape.filter_cols(gemm.chain)):
            waits += held_up(stream, ports.weight.cycles(gemm.reduction * w), inputs, 0) * count
        return waits

    def input_reads(self, read: InputReads, gemm: Gemm, banks: Banks, shape: ArrayShape) -> Reads:
        """Neighbouring pixels ask for the same product."""
        return read.planar_reads(banks, shape.rows)

    def input_repeats(self, gemm: Gemm, shape: ArrayShape) -> int:
        """Column folds."""
        return ceil_div(gemm.filters, shape.filter_cols(gemm.chain))
