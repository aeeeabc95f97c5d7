"""What the tiles of a tick-batched layer cost the array: cycles, psums that spill, membranes that need room."""

from __future__ import annotations

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

CACHED = 4096
"""Layers whose tiles' prices are kept: a sweep asks for the same ones again and again."""

Price = Callable[[Gemm, PsumStore, int], int]
"""Of (a tile, array and room for psums, rounds)."""


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
        """Bytes of psums per image, one way, of one tiling."""
        return int(self.spilled_by(self._only(row, column))[row, column])

    def spilled_by(self, asked: NDArray[np.bool_]) -> Ints:
        """[r, m] bytes of psums per image, one way, of the tilings that are `asked` for."""
        if self.store.dataflow.sums_in_pes:
            return np.zeros(asked.shape, np.int64)
        return self._summed(asked, spilled_bytes, self.store)

    def cycles(self, row: int, column: int) -> int:
        """Array and fill_drain cycles per image of one tiling."""
        return int(self.cycles_by(self._only(row, column))[row, column])

    def cycles_by(self, asked: NDArray[np.bool_]) -> Ints:
        """[r, m] array and fill_drain cycles per image when every operand takes its cycle, of the tilings that are
        `asked` for."""
        return self._summed(asked, _cycles, replace(self.store, room=0))

    def _only(self, row: int, column: int) -> NDArray[np.bool_]:
        asked = np.zeros((self.pixels.size, self.filters.size), np.bool_)
        asked[row, column] = True
        return asked

    def _summed(self, asked: NDArray[np.bool_], price: Price, store: PsumStore) -> Ints:
        """[r, m] over the tiles of each tiling, of at most four shapes; 0 where no tiling of the row or column is
        `asked` for."""
        rows, columns = (np.flatnonzero(np.any(asked, axis=axis)) for axis in (1, 0))
        heights, tall = _parts(self.gemm.pixels, self.pixels[rows])
        widths, wide = _parts(self.gemm.filters, self.filters[columns])
        found = np.zeros(asked.shape, np.int64)
        each = _priced(price, self.gemm, store, self.rounds, heights, widths)
        found[np.ix_(rows, columns)] = tall @ each @ wide.T
        return found


def _parts(total: int, size: Ints) -> tuple[tuple[int, ...], Ints]:
    """Sizes of all parts into which `size` [n] cuts the total, the last one what is left; [n, sizes] how many there are
    of each."""
    sizes = np.unique(np.concatenate([size, total % size]))
    sizes = sizes[sizes > 0]
    rest = (total % size)[:, None]
    return tuple(sizes.tolist()), (sizes == size[:, None]) * (total // size)[:, None] + (sizes == rest)


@lru_cache(CACHED)
def _priced(
    price: Price, gemm: Gemm, store: PsumStore, rounds: int, heights: tuple[int, ...], widths: tuple[int, ...]
) -> Ints:
    """[heights, widths] of tiles of so many pixels and filters; read-only, since it is given out again."""
    tiles = [[gemm.tile(high, wide) for wide in widths] for high in heights]
    found = np.array([[price(tile, store, rounds) for tile in row] for row in tiles], np.int64)
    found.setflags(write=False)
    return found


def _cycles(tile: Gemm, store: PsumStore, rounds: int) -> int:
    return dense_cycles(store.dataflow, tile, store.shape, rounds, tick_batched=True).total
