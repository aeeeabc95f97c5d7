"""What the tiles of a tick-batched layer cost the array: cycles, psums that spill, membranes that need room."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lifsim.distinct import distinct
from lifsim.hardware.array import Gemm, dense_cycles
from lifsim.lazy_dataclass import dataclass
from lifsim.schedule.tensors.psums import PsumStore, spilled_bytes
from lifsim.schedule.tensors.rows import Ints
from lifsim.schedule.tick.ways import Way

NOT_LEGAL = int(np.iinfo(np.int64).max) // 4
"""More bytes than any tiling moves."""

CACHED = 4096
"""For how many layers prices of tiles are cached: a sweep asks for the same ones repeatedly."""

Sizes = tuple[int, ...]


@dataclass(frozen=True)
class TilePrices:
    """The prices of every tiling [r, m] of a layer's product. pixels: [r] of a row tile; filters: [m] of a filter tile.
    way: in which its chains run."""

    gemm: Gemm
    store: PsumStore
    pixels: Ints
    filters: Ints
    way: Way

    @property
    def have_room(self) -> NDArray[np.bool_]:
        """[r, m] whether the membranes of the largest tile have room."""
        membranes = self.way.membranes
        return self._legal_by(None if membranes is None else membranes.has_room)

    @property
    def membranes_at_work(self) -> Ints:
        """[r, m] bytes of the largest tile's membranes that are in the membrane buffer."""
        membranes = self.way.membranes
        if membranes is None:
            return np.zeros((self.pixels.size, self.filters.size), np.int64)
        tiles = [[self.gemm.tile(int(high), int(wide)) for wide in self.filters] for high in self.pixels]
        return np.array([[membranes.bytes(membranes.held(tile).most) for tile in row] for row in tiles], np.int64)

    @property
    def keep_chains(self) -> NDArray[np.bool_]:
        """[r, m] whether the largest tile can run its chains in this way."""
        store, way = self.store, self.way
        has_chains = way.chains is not None
        return self._legal_by(
            (lambda tile: way.keeps_chains(tile, store.dataflow, store.shape)) if has_chains else None
        )

    def _legal_by(self, legal: Callable[[Gemm], bool] | None) -> NDArray[np.bool_]:
        """[r, m] what a predicate says of the largest tile; all True without a predicate."""
        if legal is None:
            return np.ones((self.pixels.size, self.filters.size), np.bool_)
        tiles = [[self.gemm.tile(int(high), int(wide)) for wide in self.filters] for high in self.pixels]
        return np.array([[legal(tile) for tile in row] for row in tiles])

    def starts(self, row: int) -> Sizes:
        """First pixels of the row tiles of a tiling."""
        return tuple(range(0, self.gemm.pixels, int(self.pixels[row])))

    def grid_of(self, asked: NDArray[np.bool_]) -> TileGrid:
        """The tiles of the tilings that are `asked` for [r, m], and of others in their rows and columns."""
        return self.grid(*(np.flatnonzero(np.any(asked, axis=axis)) for axis in (1, 0)))

    def grid(self, rows: Ints, columns: Ints) -> TileGrid:
        """The tiles of the tilings in these of the rows r and columns m."""
        heights, tall = _parts(self.gemm.pixels, self.pixels[rows])
        widths, wide = _parts(self.gemm.filters, self.filters[columns])
        return TileGrid(rows, columns, heights, widths, tall, wide)

    def on_array(self, grid: TileGrid, rounds: int) -> tuple[Gemm, PsumStore, int, Sizes, Sizes]:
        """The arguments of `tile_cycles` for the tiles of `grid` in this many rounds."""
        return self.gemm, self.array, rounds, grid.heights, grid.widths

    @property
    def array(self) -> PsumStore:
        """The array, on which cycles depend; its psum buffer, on which they do not, is left out."""
        return replace(self.store, room=0)


@dataclass(frozen=True)
class TileGrid:
    """The tiles of a grid of tilings [rows, columns]. heights, widths: the distinct pixels and filters of their tiles;
    tall [rows, heights], wide [columns, widths]: how many tiles of each a tiling has."""

    rows: Ints
    columns: Ints
    heights: Sizes
    widths: Sizes
    tall: Ints
    wide: Ints

    def sums(self, each: Ints) -> Ints:
        """[rows, columns] sums of prices [heights, widths] over the tiles of each tiling."""
        summed: Ints = self.tall @ each @ self.wide.T
        return summed

    def summed(self, each: Ints, tilings: Ints) -> Ints:
        """`tilings` [r, m] with these sums."""
        tilings[np.ix_(self.rows, self.columns)] = self.sums(each)
        return tilings


def _parts(total: int, size: Ints) -> tuple[Sizes, Ints]:
    """([sizes], [n, sizes]) the distinct sizes of the parts into which parts of `size` [n] cut the total, the last one
    being the rest; and how many parts there are of each size."""
    sizes = distinct(np.concatenate([size, total % size]))
    sizes = sizes[sizes > 0]
    rest = (total % size)[:, None]
    return tuple(sizes.tolist()), (sizes == size[:, None]) * (total // size)[:, None] + (sizes == rest)


@lru_cache(CACHED)
def tile_cycles(gemm: Gemm, array: PsumStore, rounds: int, heights: Sizes, widths: Sizes) -> Ints:
    """[heights, widths] dense cycles of the array for tiles of these pixels and filters in this many `rounds`;
    read-only, since it is cached. array: with room 0, since cycles do not depend on it."""
    found = np.empty((len(heights), len(widths)), np.int64)
    for row, high in enumerate(heights):
        for column, wide in enumerate(widths):
            tile = gemm.tile(high, wide)
            found[row, column] = dense_cycles(array.dataflow, tile, array.shape, rounds, tick_batched=True).total
    found.setflags(write=False)
    return found


@lru_cache(CACHED)
def tile_spills(gemm: Gemm, store: PsumStore, rounds: int, heights: Sizes, widths: Sizes) -> Ints:
    """[heights, widths] bytes of psums per image, one way, that such tiles spill; read-only, since it is cached."""
    found = np.empty((len(heights), len(widths)), np.int64)
    for row, high in enumerate(heights):
        for column, wide in enumerate(widths):
            found[row, column] = spilled_bytes(gemm.tile(high, wide), store, rounds)
    found.setflags(write=False)
    return found
