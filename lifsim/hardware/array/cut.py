"""Into which tiles a product is cut.

A tile, some rows of the output by some filters, is worked off whole: it is a product of its own, whose folds end at its
edges. What the array streams, fills, reads and waits for is what the dataflow says of each tile.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from math import lcm
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lifsim.hardware.gemm import Gemm
from lifsim.lazy_dataclass import dataclass


@dataclass(frozen=True)
class Chains:
    """Filters that form chains: whatever finishes them calls one after the other at every timestep, before any of the
    next. length: N filters of a chain; they lie behind each other, and no tile parts them.

    alternating: folds that have chains in common take turns at every timestep; else a fold holds whole chains, and all
    its timesteps run back to back. groups: of the convolution, whose tiles take turns, too.
    """

    length: int
    alternating: bool = False
    groups: int = 1

    def in_turn(self, together: int | None) -> int | None:
        """Filters of a group whose folds, of `together` filters (None: of all), take turns because they have chains in
        common; None: those of all folds of a tile."""
        if together is None or self.groups not in (1, self.length):
            return None
        return lcm(together, self.length) if self.groups == 1 else together


class Piece(NamedTuple):
    """A part of the rows of a map: so many rows from `row` on, of these so many columns from `column` on."""

    row: int
    rows: int
    column: int
    columns: int


@dataclass(frozen=True)
class Cut:
    """Every row tile by every filter tile, group after group.

    starts: first output pixel of each row tile, 0 first. filters: of a filter tile; the last one has what is left.
    inputs_outer: whether the filter tiles of a row tile follow each other, else the row tiles of a filter tile. chains:
    of the filters, if all timesteps of a tile run back to back. strips: number of the first row tile of each strip, 0
    first, all filter tiles of which come before the next strip; none: it is one. pieces: what each row tile has of
    the map, where these are parts of rows: pixels are then counted tile after tile; none: whole rows, one by one.
    """

    starts: tuple[int, ...]
    filters: int
    inputs_outer: bool = False
    chains: Chains | None = None
    strips: tuple[int, ...] = ()
    pieces: tuple[Piece, ...] = ()

    @classmethod
    def whole(cls, gemm: Gemm) -> Cut:
        """One tile."""
        return cls((0,), gemm.filters)

    def pixel_tiles(self, gemm: Gemm) -> list[int]:
        """Pixels of each row tile."""
        ends = (*self.starts[1:], gemm.pixels)
        return [end - start for start, end in zip(self.starts, ends, strict=True)]

    def pixel_order(self, row_pixels: int) -> NDArray[np.int64] | None:
        """[pixels] numbers, row by row, of the output pixels as they are counted; None: so they are."""
        if not self.pieces:
            return None
        parts = (
            np.add.outer((row + np.arange(rows)) * row_pixels, column + np.arange(columns)).ravel()
            for row, rows, column, columns in self.pieces
        )
        return np.concatenate(list(parts))

    def filter_tiles(self, gemm: Gemm) -> list[int]:
        """Filters of each filter tile of a group."""
        return [min(self.filters, gemm.filters - first) for first in range(0, gemm.filters, self.filters)]

    def tiles(self, gemm: Gemm) -> list[tuple[Gemm, int]]:
        """(a tile as a product, how many there are alike): those of full and of last rows and filters."""
        rows, filters = Counter(self.pixel_tiles(gemm)), Counter(self.filter_tiles(gemm))
        return [
            (gemm.tile(high, wide), count * often) for high, count in rows.items() for wide, often in filters.items()
        ]

    def order(self, gemm: Gemm) -> Iterator[tuple[int, int]]:
        """(number of the row tile, number of the filter tile) of each tile of a group, as they are worked off."""
        filters, begins = range(-(-gemm.filters // self.filters)), self.strips or (0,)
        for first, end in zip(begins, (*begins[1:], len(self.starts)), strict=True):
            if self.inputs_outer:
                yield from ((row, tile) for row in range(first, end) for tile in filters)
            else:
                yield from ((row, tile) for tile in filters for row in range(first, end))
