"""What the tiles of a tick-batched layer cost the array: cycles, and psums that spill."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lifsim.hardware.array import Gemm, dense_cycles
from lifsim.schedule.psums import PsumStore, spilled_bytes
from lifsim.schedule.rows import Ints

CACHED = 4096
"""Layers whose tiles' prices are kept: a sweep asks for the same ones again and again."""

Sizes = tuple[int, ...]


@dataclass(frozen=True)
class TileGrid:
    """Tilings [r, m] of a product of so many pixels and filters, of which those that `asked` says matter. heights,
    widths: pixels and filters of all their tiles, of which tall [r, heights] and wide [m, widths] say how many each
    tiling has, 0 of all where it does not matter."""

    heights: Sizes
    widths: Sizes
    tall: Ints
    wide: Ints

    @classmethod
    def of(cls, gemm: Gemm, pixels: Ints, filters: Ints, asked: NDArray[np.bool_]) -> TileGrid:
        """pixels: [r] of a row tile; filters: [m] of a filter tile; asked: [r, m]."""
        heights, tall = _parts(gemm.pixels, pixels, np.any(asked, axis=1, keepdims=True)[:, 0])
        widths, wide = _parts(gemm.filters, filters, np.any(asked, axis=0, keepdims=True)[0])
        return cls(heights, widths, tall, wide)

    def tiles(self, row: int, column: int, each: Ints) -> tuple[tuple[int, ...], ...]:
        """Of `each` [heights, widths] what the tiles of one tiling have."""
        mine = each[np.ix_(self.tall[row] > 0, self.wide[column] > 0)]
        return tuple(map(tuple, mine.tolist()))

    def summed(self, each: Ints) -> Ints:
        """[r, m] over the tiles of each tiling of what they are priced at, [heights, widths]."""
        return self.tall @ each @ self.wide.T


def _parts(total: int, size: Ints, asked: NDArray[np.bool_]) -> tuple[Sizes, Ints]:
    """Sizes of all parts into which those `size` [n] that are `asked` for cut the total, the last one what is left;
    [n, sizes] how many there are of each."""
    sizes = np.unique(np.concatenate([size[asked], total % size[asked]]))
    sizes = sizes[sizes > 0]
    rest = total % size
    count = (sizes == size[:, None]) * (total // size)[:, None] + (sizes == rest[:, None])
    return tuple(sizes.tolist()), count * asked[:, None]


@lru_cache(CACHED)
def tile_cycles(gemm: Gemm, store: PsumStore, rounds: int, heights: Sizes, widths: Sizes) -> Ints:
    """[heights, widths] array and fill_drain cycles of tiles, one group of them, tick-batched, when every operand takes
    its cycle."""
    found = np.zeros((len(heights), len(widths)), np.int64)
    for row, high in enumerate(heights):
        for column, wide in enumerate(widths):
            tile = replace(gemm.tile(high, wide), groups=1)
            found[row, column] = dense_cycles(store.dataflow, tile, store.shape, rounds, tick_batched=True).total
    found.setflags(write=False)
    return found


@lru_cache(CACHED)
def tile_spills(gemm: Gemm, store: PsumStore, rounds: int, heights: Sizes, widths: Sizes) -> Ints:
    """[heights, widths] bytes of psums per image, one way, of tiles, tick-batched."""
    found = np.zeros((len(heights), len(widths)), np.int64)
    for row, high in enumerate(heights):
        for column, wide in enumerate(widths):
            found[row, column] = spilled_bytes(gemm.tile(high, wide), store, rounds)
    found.setflags(write=False)
    return found
