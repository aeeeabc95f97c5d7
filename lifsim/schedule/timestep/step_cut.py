"""The tiles of a visit of a timestep-major layer, each computed by the array as a whole.

A visit is cut by strips and by the filter tiles of its weights. If partial sums wait between folds (not
`Dataflow.sums_in_pes`), it is further cut into tiles of rows and filters. Of the tiles that spill the fewest bytes (as
do those of one row and the fewest filters) and leave room for currents that wait to be replayed, those with the fewest
cycles are taken, of equals the fewest tiles. Of the filter tiles of weights that read the input equally often, those
that allow the fewest cycles are taken.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from lifsim.distinct import distinct
from lifsim.hardware.array import Cut, Gemm, dense_cycles
from lifsim.lazy_dataclass import dataclass
from lifsim.schedule.tensors.psums import PsumStore, spilled_by, working_set_bytes


@dataclass(frozen=True)
class VisitShape:
    """The visit to be cut. strips: first output row of each strip; row_pixels: pixels of a row. tiles: the candidates
    for the filters of a weight tile, of which the first of equals is taken; none is smaller than the smallest tile."""

    gemm: Gemm
    strips: tuple[int, ...]
    row_pixels: int
    tiles: tuple[int, ...]
    smallest: int

    @property
    def rows(self) -> int:
        """Rows of the output."""
        return self.gemm.pixels // self.row_pixels

    def cut(self, rows: int, filters: int) -> Cut:
        """The cut into tiles of this many rows, strip by strip."""
        ends = (*self.strips[1:], self.rows)
        starts = (row for first, end in zip(self.strips, ends, strict=True) for row in range(first, end, rows))
        return Cut(tuple(row * self.row_pixels for row in starts), filters)

    @property
    def heights(self) -> list[int]:
        """Heights of tiles, one for each number of tiles in the highest strip."""
        highest = int(np.diff((*self.strips, self.rows)).max())
        return [int(height) for height in distinct(-(-highest // np.arange(1, highest + 1)))]

    def widths(self, filters: int) -> list[int]:
        """Filters of tiles, one for each number of parts of this many filters, in multiples of the smallest."""
        folds = -(-filters // self.smallest)
        wide = distinct(-(-folds // np.arange(1, folds + 1))) * self.smallest
        return [int(width) for width in np.minimum(wide, filters)]


@dataclass(frozen=True)
class VisitCut:
    """filters: of a tile of the weights. into: the tiles that the array computes as a whole; cycles: that they take, 0
    if all tiles are equally good."""

    filters: int
    into: Cut
    cycles: int = 0


Price = tuple[int, int, int, int]
"""(cycles, tiles, rows of a tile, its filters), compared lexicographically."""


@lru_cache(4096)
def step_cut(visit: VisitShape, store: PsumStore, left: int) -> VisitCut:
    """The tiles of one visit, if currents that wait to be replayed leave `left` bytes of the psum buffer free."""
    if store.dataflow.sums_in_pes:  # its folds are the same ones in whatever whole columns
        return VisitCut(visit.tiles[0], visit.cut(visit.rows, visit.tiles[0]))
    if not _working(visit.gemm, visit.cut(1, visit.smallest), store):
        best = {filters: _price(visit, store, visit.rows, filters) for filters in visit.tiles}
    else:
        legal = _legal(visit, store, left)
        best = {
            filters: min(legal[width] for width in visit.widths(filters) if width in legal) for filters in visit.tiles
        }
    filters = min(visit.tiles, key=lambda filters: best[filters][0])
    return VisitCut(filters, visit.cut(*best[filters][2:]), best[filters][0])


def _legal(visit: VisitShape, store: PsumStore, left: int) -> dict[int, Price]:
    """By the filters of a tile, the best height of those that spill the fewest bytes and leave room for waiting
    currents; the smallest tile is always legal."""
    fewest = spilled_by(visit.gemm, visit.cut(1, visit.smallest), store, 1)
    found = {visit.smallest: _price(visit, store, 1, visit.smallest)}
    for width in sorted({width for filters in visit.tiles for width in visit.widths(filters)}):
        for rows in visit.heights:
            into = visit.cut(rows, width)
            if _working(visit.gemm, into, store) <= left and spilled_by(visit.gemm, into, store, 1) == fewest:
                price = _price(visit, store, rows, width)
                found[width] = min(found.get(width, price), price)
    return found


def _price(visit: VisitShape, store: PsumStore, rows: int, filters: int) -> Price:
    return *price(visit.gemm, visit.cut(rows, filters), store, 1, tick_batched=False), rows, filters


def price(gemm: Gemm, into: Cut, store: PsumStore, rounds: int, *, tick_batched: bool) -> tuple[int, int]:
    """(dense cycles of the array for this many rounds, number of tiles)."""
    tiles = into.tiles(gemm)
    cycles = (dense_cycles(store.dataflow, tile, store.shape, rounds, tick_batched=tick_batched) for tile, _ in tiles)
    return (
        sum(each.total * count for each, (_, count) in zip(cycles, tiles, strict=True)),
        len(into.pixel_tiles(gemm)) * len(into.filter_tiles(gemm)),
    )


def _working(gemm: Gemm, into: Cut, store: PsumStore) -> int:
    return max(working_set_bytes(tile, store, 1) for tile, _ in into.tiles(gemm))
