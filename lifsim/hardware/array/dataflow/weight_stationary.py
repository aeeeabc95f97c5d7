"""Weight-stationary: a PE holds one weight; pixels stream through, psums come out below.

H products by W filters a fold. It takes H cycles to load the weights; tick-batched, the pixels of all rounds stream
through one load:

    fold = Sr + 2H + W - 2      folds = ceil(K/H) * ceil(Sc/W)
    inputs = Sr*K*ceil(Sc/W)    weights = K*Sc
"""

from __future__ import annotations

from lifsim.hardware.array.dataflow.protocol import DATAFLOWS, Dataflow, Folds, FoldWords, Operands, OutputBlock
from lifsim.hardware.gemm import ArrayShape, Gemm, ceil_div
from lifsim.hardware.input_reads import InputReads, Reads
from lifsim.hardware.sram_banks import Banks
from lifsim.hardware.sram_ports import Ports, PortStalls, cut, held_up, parts


@DATAFLOWS.register
class WeightStationary(Dataflow):
    """As SCALE-Sim v3's `ws`."""

    name = "ws"
    title = "weight-stationary: a PE keeps one weight, pixels stream"
    rows, cols, streamed = "products", "filters", "pixels"
    joins_rounds = loads_once = True

    def folds(self, gemm: Gemm, shape: ArrayShape) -> Folds:
        """Sr pixels a fold."""
        reductions = ceil_div(gemm.reduction, shape.rows)
        return Folds(reductions, self.input_repeats(gemm, shape), gemm.pixels, 2 * shape.rows + shape.cols - 2)

    def words(self, gemm: Gemm, shape: ArrayShape) -> FoldWords:
        """Products over rows, filters over columns."""
        count = f"ceil({gemm.reduction}/{shape.rows})*ceil({gemm.filters}/{shape.filter_cols(gemm.chain)})"
        return FoldWords(count, f"(2*{shape.rows}+{shape.cols}-2)", "2 rows + cols - 2")

    def finishes(self, gemm: Gemm, shape: ArrayShape) -> OutputBlock:
        """All pixels that stream past a fold's filters."""
        return OutputBlock(None, shape.filter_cols(gemm.chain))

    def held_outputs(self, gemm: Gemm, shape: ArrayShape) -> OutputBlock:
        """A column finishes one output after the other; tick-batched, the timesteps of a pixel follow each other. Where
        every timestep loads its own weights (`per_round`), those of all that a fold finishes do."""
        return OutputBlock(1, shape.filter_cols(gemm.chain)) if self.joins_rounds else self.finishes(gemm, shape)

    def membrane_registers(self, shape: ArrayShape) -> int:
        """One a column."""
        return shape.cols

    def operands(self, gemm: Gemm, shape: ArrayShape) -> Operands:
        """Inputs once a column fold, every weight once."""
        inputs = gemm.pixels * gemm.reduction * self.input_repeats(gemm, shape)
        return Operands(inputs, weights=gemm.reduction * gemm.filters)

    def waits(self, read: InputReads, gemm: Gemm, shape: ArrayShape, rounds: int, ports: Ports) -> PortStalls:
        """h*w weights are loaded in H cycles; then S vectors of h inputs come in and S*w psums go out in S cycles."""
        stream = gemm.pixels * rounds
        inputs = rounds * (gemm.pixels + self.input_reads(read, gemm, ports.spike_in, shape).waits)
        waits = _weight_loads(gemm, shape, ports)
        for w, count in parts(gemm.filters, shape.filter_cols(gemm.chain)):
            waits += held_up(stream, 0, inputs, ports.psum.cycles(stream * w)) * count
        return waits

    def input_reads(self, read: InputReads, gemm: Gemm, banks: Banks, shape: ArrayShape) -> Reads:
        """A pixel asks for neighbouring products."""
        return read.channel_last_reads(banks, shape.rows)

    def input_repeats(self, gemm: Gemm, shape: ArrayShape) -> int:
        """Column folds."""
        return ceil_div(gemm.filters, shape.filter_cols(gemm.chain))


def _weight_loads(gemm: Gemm, shape: ArrayShape, ports: Ports) -> PortStalls:
    """Waits of loading all weights once, fold by fold, in H cycles each."""
    folds = cut(gemm.reduction, gemm.filters, shape.rows, shape.filter_cols(gemm.chain))
    late = sum(max(0, ports.weight.cycles(h * w) - shape.rows) * count for h, w, count in folds)
    return PortStalls(weight=late * gemm.groups)
