"""The tiles of a visit of a timestep-major layer, which the array works off whole.

A visit is cut by strips and by the filter tiles of its weights. Where partial sums wait between folds
(`Dataflow.sums_in_pes` is not so), it is cut into tiles of rows and filters of their own: of those that spill the
fewest bytes, which one row and the fewest filters do, and beside whose psums there is room for what waits to be
replayed, the ones that take the fewest cycles, of equals the fewest tiles.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from lifsim.hardware.array import Cut, Gemm, dense_cycles
from lifsim.schedule.psums import PsumStore, spilled_by, working_set_bytes


@dataclass(frozen=True)
class VisitShape:
    """What is to be cut. strips: first output row of each strip; row_pixels: of a row. filters: of a tile of the
    weights, of smallest ones at least."""

    gemm: Gemm
    strips: tuple[int, ...]
    row_pixels: int
    filters: int
    smallest: int

    @property
    def rows(self) -> int:
        """Of the output."""
        return self.gemm.pixels // self.row_pixels

    def cut(self, rows: int, filters: int) -> Cut:
        """Into tiles of so many rows, strip by strip."""
        ends = (*self.strips[1:], self.rows)
        starts = (row for first, end in zip(self.strips, ends, strict=True) for row in range(first, end, rows))
        return Cut(tuple(row * self.row_pixels for row in starts), filters)

    @property
    def heights(self) -> list[int]:
        """One for each number of tiles of the highest strip."""
        highest = int(np.diff((*self.strips, self.rows)).max())
        return [int(height) for height in np.unique(-(-highest // np.arange(1, highest + 1)))]

    @property
    def widths(self) -> list[int]:
        """One for each number of tiles of the filters, in whole multiples of the smallest."""
        folds = -(-self.filters // self.smallest)
        wide = np.unique(-(-folds // np.arange(1, folds + 1))) * self.smallest
        return [int(width) for width in np.minimum(wide, self.filters)]


@lru_cache(4096)
def step_cut(visit: VisitShape, store: PsumStore, left: int) -> Cut:
    """The tiles of one visit, `left` bytes of the psum buffer being free of what waits to be replayed."""
    whole, gemm, dataflow = visit.cut(visit.rows, visit.filters), visit.gemm, store.dataflow
    if dataflow.sums_in_pes or not _waits(gemm, whole, store):
        return whole
    narrowest = visit.cut(1, visit.smallest)
    fewest = spilled_by(gemm, narrowest, store, 1)
    best = (_cycles(gemm, narrowest, store), _tiles(gemm, narrowest), narrowest)
    for rows in visit.heights:
        for filters in visit.widths:
            into = visit.cut(rows, filters)
            if _working(gemm, into, store) <= left and spilled_by(gemm, into, store, 1) == fewest:
                best = min(best, (_cycles(gemm, into, store), _tiles(gemm, into), into), key=lambda one: one[:2])
    return best[2]


def _waits(gemm: Gemm, into: Cut, store: PsumStore) -> bool:
    return _working(gemm, into, store) > 0


def _working(gemm: Gemm, into: Cut, store: PsumStore) -> int:
    return max(working_set_bytes(tile, store, 1) for tile, _ in into.tiles(gemm))


def _cycles(gemm: Gemm, into: Cut, store: PsumStore) -> int:
    tiles = into.tiles(gemm)
    return sum(dense_cycles(store.dataflow, tile, store.shape, 1, tick_batched=False).total * n for tile, n in tiles)


def _tiles(gemm: Gemm, into: Cut) -> int:
    return len(into.pixel_tiles(gemm)) * len(into.filter_tiles(gemm))
