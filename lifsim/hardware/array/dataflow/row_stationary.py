"""Row-stationary, Eyeriss's dataflow: a PE keeps a row of a filter and slides it along a row of the input.

A *set* of R x e PEs makes e output rows of one filter from one channel: PE (i, j) convolves filter row i with the input
row that output row j needs from it, S products for each of the row's F pixels, and the R PEs of a column add up. Filter
rows pass along the set's rows, input rows along its diagonals. The H x W array holds floor(H/R) * floor(W/e) sets (a
kernel taller than the array is folded into ceil(R/H) parts), which take different strips of e rows (z), filters (t) and
channels (r). With C, R, S of the window, E rows of F pixels and Sc filters:

    fold = S*F*q + min(R, H) - 1          q channels go through a PE in turn, their psums added in the PE
    folds = ceil(E/(e*z)) * ceil(Sc/t) * ceil(C/(r*q)) * ceil(R/H)
    inputs = C * (rows and columns of the map that the strips span) * ceil(Sc/(t*p))
    weights = K*Sc*ceil(E/(e*z))

e is E cut evenly into as few strips as the columns allow; z, t, r stream for the fewest cycles, of equals they move the
fewest elements; q and the p filters that share an input in a PE are what its registers hold: 12 inputs, 224 weights, 24
psums. The last term of a fold is the way of the sums down a column; padding is read like any pixel, and so is what a
stride leaves between windows.

Source: Chen, Krishna, Emer, Sze, "Eyeriss: An energy-efficient reconfigurable accelerator for deep convolutional neural
networks", IEEE JSSC 52(1), 2017, section IV and table V (active PEs); Chen, Emer, Sze, ISCA 2016.
"""

from __future__ import annotations

from functools import lru_cache
from math import gcd

import numpy as np

from lifsim.hardware.array.dataflow.protocol import (
    DATAFLOWS,
    Dataflow,
    Folds,
    FoldWords,
    Operands,
    OutputBlock,
)
from lifsim.hardware.gemm import ArrayShape, Gemm, ceil_div
from lifsim.hardware.input_reads import InputReads, Reads
from lifsim.hardware.sram_banks import Banks
from lifsim.hardware.sram_ports import Ports, PortStalls, held_up
from lifsim.lazy_dataclass import dataclass

PE_INPUTS, PE_WEIGHTS, PE_PSUMS = 12, 224, 24
"""Elements that a PE's registers hold (JSSC 2017, table II)."""


@dataclass(frozen=True)
class Mapping:
    """How sets are dealt. strip_rows: e. strips, filters, channels: z, t, r at once. in_turn: q channels of a PE.
    sharing: p filters that share an input. row_parts: ceil(R/H)."""

    strip_rows: int
    strips: int
    filters: int
    channels: int
    in_turn: int
    sharing: int
    row_parts: int

    def fold_counts(self, gemm: Gemm) -> tuple[int, int, int]:
        """(strip folds, filter folds, reduction folds) of one group."""
        return (
            ceil_div(gemm.window.out_rows, self.strip_rows * self.strips),
            ceil_div(gemm.filters, self.filters),
            ceil_div(gemm.channels, self.channels * self.in_turn) * self.row_parts,
        )


@lru_cache(maxsize=4096)
def mapping_of(gemm: Gemm, shape: ArrayShape) -> Mapping:
    """The mapping that streams for the fewest cycles, of equals the one that moves the fewest elements."""
    R = min(gemm.window.kernel[0], shape.rows)
    strip_rows = ceil_div(gemm.window.out_rows, ceil_div(gemm.window.out_rows, shape.cols))
    sets = shape.rows // R * (shape.cols // strip_rows)
    dealt = ((z, t, sets // (z * t)) for z in range(1, sets + 1) for t in range(1, sets // z + 1))
    return min((_mapping(gemm, shape, strip_rows, *shares) for shares in dealt), key=lambda one: _cost(one, gemm))


def _mapping(gemm: Gemm, shape: ArrayShape, strip_rows: int, strips: int, filters: int, channels: int) -> Mapping:
    R, S = gemm.window.kernel
    passed = ceil_div(gemm.channels, channels)
    in_turn = ceil_div(passed, ceil_div(passed, max(1, PE_INPUTS // S)))
    sharing = max(1, min(PE_PSUMS, PE_WEIGHTS // (S * in_turn), ceil_div(gemm.filters, filters)))
    if sharing * filters < gemm.filters:  # whole chains, where they fit
        together = gemm.chain // gcd(gemm.chain, filters)
        sharing = sharing // together * together or sharing
    return Mapping(strip_rows, strips, filters, channels, in_turn, sharing, ceil_div(R, shape.rows))


def _cost(mapping: Mapping, gemm: Gemm) -> tuple[bool, int, int]:
    """(whether it parts chains, channels that PEs pass one after the other, elements that cross the array's edge)."""
    strips, filters, reductions = mapping.fold_counts(gemm)
    inputs = gemm.channels * _map_elements(gemm, mapping) * ceil_div(filters, mapping.sharing)
    psums = gemm.pixels * gemm.filters * (2 * reductions - 1)
    together = mapping.filters * mapping.sharing
    return (
        together < gemm.filters and together % gemm.chain > 0,
        strips * filters * reductions * mapping.in_turn,
        inputs + psums + gemm.reduction * gemm.filters * strips,
    )


@DATAFLOWS.register
class RowStationary(Dataflow):
    """Rows of the kernel by rows of the output."""

    name = "row_stationary"
    title = "Eyeriss's row-stationary: a PE slides a row of a filter along a row of the input"
    rows, cols, streamed = "kernel rows", "output rows", "products"
    takes_parts_of_rows = False

    def folds(self, gemm: Gemm, shape: ArrayShape) -> Folds:
        """S*F products of q channels a fold."""
        mapping = mapping_of(gemm, shape)
        strips, filters, reductions = mapping.fold_counts(gemm)
        R, S = gemm.window.kernel
        return Folds(reductions, strips * filters, S * gemm.row_pixels * mapping.in_turn, min(R, shape.rows) - 1)

    def words(self, gemm: Gemm, shape: ArrayShape) -> FoldWords:
        """How the sets are dealt."""
        mapping = mapping_of(gemm, shape)
        strips = f"ceil({gemm.window.out_rows}/({mapping.strip_rows}*{mapping.strips}))"
        filters = f"ceil({gemm.filters}/{mapping.filters})"
        channels = f"ceil({gemm.channels}/({mapping.channels}*{mapping.in_turn}))"
        parts = f"*{mapping.row_parts}" if mapping.row_parts > 1 else ""
        R = min(gemm.window.kernel[0], shape.rows)
        return FoldWords(f"{strips}*{filters}*{channels}{parts}", f"({R}-1)", "kernel rows - 1")

    def finishes(self, gemm: Gemm, shape: ArrayShape) -> OutputBlock:
        """The strips at work, of the filters that share inputs."""
        mapping = mapping_of(gemm, shape)
        pixels = mapping.strip_rows * mapping.strips * gemm.row_pixels
        return OutputBlock(pixels, mapping.filters * mapping.sharing)

    def operands(self, gemm: Gemm, shape: ArrayShape) -> Operands:
        """Inputs once for the filters that share them, weights once a strip fold."""
        strips, _, _ = mapping_of(gemm, shape).fold_counts(gemm)
        inputs = gemm.channels * _map_elements(gemm, mapping_of(gemm, shape)) * self.input_repeats(gemm, shape)
        return Operands(inputs, gemm.reduction * gemm.filters * strips)

    def waits(self, read: InputReads, gemm: Gemm, shape: ArrayShape, rounds: int, ports: Ports) -> PortStalls:
        """While the p filters that share an input take their turns, it, their weights and their psums pass; every fold
        is taken for a full one."""
        mapping, folds = mapping_of(gemm, shape), self.folds(gemm, shape)
        R, S = gemm.window.kernel
        channels, sharing = mapping.channels * mapping.in_turn, mapping.sharing
        rows = (mapping.strip_rows - 1) * gemm.window.stride[0] + R
        columns = (gemm.row_pixels - 1) * gemm.window.stride[1] + S
        input_bits = channels * mapping.strips * rows * columns * read.element_bits
        late = held_up(
            folds.stream_cycles * sharing,
            ports.weight.cycles(R * S * channels * mapping.filters * sharing),
            np.array([ceil_div(input_bits, ports.spike_in.line_bits)]),
            ports.psum.cycles(mapping.strip_rows * mapping.strips * gemm.row_pixels * mapping.filters * sharing),
        )
        return late * (ceil_div(folds.count, sharing) * gemm.groups * rounds)

    def input_reads(self, read: InputReads, gemm: Gemm, banks: Banks, shape: ArrayShape) -> Reads:
        """Rows lie in the order in which they are read."""
        bits = gemm.channels * _map_elements(gemm, mapping_of(gemm, shape)) * read.element_bits
        words = np.full((gemm.groups, 1), ceil_div(bits, banks.word_bits), np.int64)
        return Reads.of(np.stack([np.zeros_like(words), words]))

    def input_repeats(self, gemm: Gemm, shape: ArrayShape) -> int:
        """Filters that do not share."""
        mapping = mapping_of(gemm, shape)
        return ceil_div(gemm.filters, mapping.filters * mapping.sharing)


def _map_elements(gemm: Gemm, mapping: Mapping) -> int:
    """Elements of a channel that all strips read, the rows that two of them share twice."""
    (R, S), (down, across) = gemm.window.kernel, gemm.window.stride
    strips = ceil_div(gemm.window.out_rows, mapping.strip_rows)
    rows = (gemm.window.out_rows - strips) * down + strips * R
    return rows * ((gemm.row_pixels - 1) * across + S)
