"""What the tiles of a tick-batched layer cost the array: cycles, psums that spill, membranes that need room."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lifsim.hardware.array import Gemm, dense_cycles
from lifsim.schedule.psums import PsumStore, spilled_bytes
from lifsim.schedule.rows import Ints
from lifsim.schedule.ways import Way

NOT_LEGAL = int(np.iinfo(np.int64).max) // 4
"""More bytes than any tiling moves."""

CACHED = 1 << 16
"""Tiles whose prices are kept: a sweep asks for the same ones again and again."""


@dataclass(frozen=True)
class TilePrices:
    """Of every tiling [r, m] of the product of a layer in so many `rounds`. pixels: [r] of a row tile; filters: [m] of
    a filter tile. way: in which its chains are worked off."""

    gemm: Gemm
    store: PsumStore
    rounds: int
    pixels: Ints
    filters: Ints
    way: Way

    @property
    def have_room(self) -> NDArray[np.bool_]:
        """[r, m] whether the membranes of the largest tile have room."""
        membranes = self.way.membranes
        return self._legal_by(None if membranes is None else membranes.has_room)

    @property
    def keep_chains(self) -> NDArray[np.bool_]:
        """[r, m] whether the largest tile works off its chains as it is to."""
        store, way = self.store, self.way
        has_chains = way.chains is not None
        return self._legal_by(
            (lambda tile: way.keeps_chains(tile, store.dataflow, store.shape)) if has_chains else None
        )

    def _legal_by(self, legal: Callable[[Gemm], bool] | None) -> NDArray[np.bool_]:
        """[r, m] by the largest tile; all of them if nothing is asked."""
        if legal is None:
            return np.ones((self.pixels.size, self.filters.size), np.bool_)
        tiles = [[self.gemm.tile(int(high), int(wide)) for wide in self.filters] for high in self.pixels]
        return np.array([[legal(tile) for tile in row] for row in tiles])

    def spilled(self, row: int, column: int) -> int:
        """Bytes per image, one way."""
        return self._summed(row, column, lambda tile: _spilled(tile, self.store, self.rounds))

    def spilled_by(self, asked: NDArray[np.bool_]) -> Ints:
        """[r, m] bytes per image, one way, of the tilings that are `asked` for."""
        if self.store.dataflow.sums_in_pes:
            return np.zeros(asked.shape, np.int64)
        return self._by(asked, self.spilled)

    def cycles_by(self, asked: NDArray[np.bool_]) -> Ints:
        """[r, m] array and fill_drain cycles per image when every operand takes its cycle, of the tilings that are
        `asked` for."""
        return self._by(asked, self.cycles)

    def cycles(self, row: int, column: int) -> int:
        """Array and fill_drain cycles per image when every operand takes its cycle."""
        array = replace(self.store, room=0)
        return self._summed(row, column, lambda tile: _cycles(tile, array, self.rounds))

    def _by(self, asked: NDArray[np.bool_], price: Callable[[int, int], int]) -> Ints:
        found = np.zeros(asked.shape, np.int64)
        for row, column in zip(*(where.tolist() for where in np.nonzero(asked)), strict=True):
            found[row, column] = price(row, column)
        return found

    def _summed(self, row: int, column: int, price: Callable[[Gemm], int]) -> int:
        """Over the tiles of a tiling, of at most four shapes."""
        gemm = self.gemm
        heights = _parts(gemm.pixels, int(self.pixels[row]))
        widths = _parts(gemm.filters, int(self.filters[column]))
        return sum(
            price(_tile(gemm, high, wide)) * count * often
            for high, count in heights.items()
            for wide, often in widths.items()
        )


def _parts(total: int, size: int) -> Counter[int]:
    """How many parts there are of each size."""
    whole, rest = divmod(total, size)
    return Counter({size: whole}) + Counter({rest: 1} if rest else {})


@lru_cache(CACHED)
def _tile(gemm: Gemm, pixels: int, filters: int) -> Gemm:
    return gemm.tile(pixels, filters)


@lru_cache(CACHED)
def _spilled(tile: Gemm, store: PsumStore, rounds: int) -> int:
    return spilled_bytes(tile, store, rounds)


@lru_cache(CACHED)
def _cycles(tile: Gemm, array: PsumStore, rounds: int) -> int:
    return dense_cycles(array.dataflow, tile, array.shape, rounds, tick_batched=True).total
