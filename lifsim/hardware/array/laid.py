"""A layer's product on an array: how it is cut into tiles, and what all of them take when every operand takes its
cycle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property

import numpy as np

from lifsim.hardware.array.cut import Cut
from lifsim.hardware.array.dataflow import Dataflow
from lifsim.hardware.array.dense import ArrayAccesses, buffer_accesses, dense_waits
from lifsim.hardware.gemm import ArrayShape, Gemm
from lifsim.hardware.input_reads import InputReads
from lifsim.hardware.sram_banks import Banks, Ints
from lifsim.hardware.sram_ports import Ports, PortStalls
from lifsim.lazy_dataclass import dataclass


@dataclass(frozen=True)
class Laid:
    """A layer's product on an array. tick_batched: all rounds of a tile back to back, else the layer is visited once a
    round. per_round: its filters are other ones in every round, so that no PE holds one for several. cut: its tiles;
    None: it is one."""

    gemm: Gemm
    shape: ArrayShape
    dataflow: Dataflow
    tick_batched: bool
    per_round: bool = False
    cut: Cut | None = None

    @cached_property
    def tiling(self) -> Cut:
        """`cut`, or the whole product as one tile."""
        return self.cut or Cut.whole(self.gemm)

    @cached_property
    def tiles(self) -> list[tuple[Gemm, int]]:
        """(a tile as a product, how many there are alike) of all groups together."""
        return self.tiling.tiles(self.gemm)

    @cached_property
    def fold_ranges(self) -> tuple[range, ...]:
        """By row tile, the first pixels of its folds of H pixels."""
        pixels = self.tiling.pixel_tiles(self.gemm)
        return tuple(
            range(start, start + size, self.shape.rows) for start, size in zip(self.tiling.starts, pixels, strict=True)
        )

    @cached_property
    def fold_starts(self) -> list[Ints]:
        """The same as arrays."""
        return [np.arange(one.start, one.stop, one.step) for one in self.fold_ranges]

    @cached_property
    def column_folds(self) -> list[int]:
        """Folds of W filters, or of whole chains of them, by filter tile."""
        wide = self.shape.filter_cols(self.gemm.chain)
        return [-(-filters // wide) for filters in self.tiling.filter_tiles(self.gemm)]

    def accesses(self, rounds: int) -> ArrayAccesses:
        """Of all tiles over `rounds`."""
        of_tiles = []
        for tile, count in self.tiles:
            of_tile = buffer_accesses(self.dataflow, tile, self.shape, rounds, tick_batched=self.tick_batched)
            of_tiles.append([accesses * count for accesses in of_tile.counts])
        return ArrayAccesses(*map(sum, zip(*of_tiles, strict=True)))

    def in_order(self) -> tuple[list[Gemm], list[int]]:
        """The tiles of a group: their shapes, and the shape of each as they are worked off."""
        heights, rows = np.unique(self.tiling.pixel_tiles(self.gemm), return_inverse=True)
        widths, columns = np.unique(self.tiling.filter_tiles(self.gemm), return_inverse=True)
        shapes = [
            replace(self.gemm.tile(high, wide), groups=1) for high in heights.tolist() for wide in widths.tolist()
        ]
        of_row, of_column = (rows * widths.size).tolist(), columns.tolist()
        return shapes, [of_row[row] + of_column[tile] for row, tile in self.tiling.order(self.gemm)]

    def waits(self, read: InputReads, rounds: int, ports: Ports) -> PortStalls:
        """For the ports of the buffers that feed the array, over `rounds`."""
        total = PortStalls()
        for part, tile, count in self._read_by_tile(read, ports.spike_in):
            waits = dense_waits(self.dataflow, part, tile, self.shape, rounds, ports, tick_batched=self.tick_batched)
            total += waits * count
        return total

    def row_waits(self, stream: Ints, inputs: Ints, ports: Ports) -> PortStalls:
        """Of folds that stream in `stream` cycles and whose inputs take `inputs`, over all column folds, tile by tile
        (`Dataflow.row_waits`)."""
        total = PortStalls()
        for wide, count in Counter(self.tiling.filter_tiles(self.gemm)).items():
            tile = replace(self.gemm, filters=wide)
            total += self.dataflow.row_waits(stream, inputs, tile, self.shape, ports) * count
        return total

    def input_words(self, read: InputReads, banks: Banks) -> int:
        """That one round reads."""
        words = 0
        for part, tile, count in self._read_by_tile(read, banks):
            once = int(self.dataflow.input_reads(part, tile, banks, self.shape).words.sum())
            words += once * self.dataflow.input_repeats(tile, self.shape) * count
        return words

    def _read_by_tile(self, read: InputReads, banks: Banks) -> Iterator[tuple[InputReads, Gemm, int]]:
        """(what a row tile reads, the tile, how many tiles read alike)."""
        one, filters = self.tiling, Counter(self.tiling.filter_tiles(self.gemm))
        pixels = np.array(one.pixel_tiles(self.gemm), np.int64)
        pieces = np.array(one.pieces) if one.pieces else read.whole_rows(np.array(one.starts), pixels)
        for part, size, count in read.tiles(pieces, banks):
            for wide, often in filters.items():
                yield part, self.gemm.tile(size, wide), count * often
