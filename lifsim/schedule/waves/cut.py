"""The tiles that the array works off whole where a layer runs in waves: strips end at waves, tiles at strips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate

import numpy as np

from lifsim.hardware.array import Cut
from lifsim.hardware.array.cut import Piece
from lifsim.model.network import Layer
from lifsim.schedule.tensors.products import gemm_of
from lifsim.schedule.tensors.rows import Ints
from lifsim.schedule.tensors.storage import row_pixels
from lifsim.schedule.traffic import Tiling
from lifsim.schedule.waves.waves import Waves


def pieces_of(waves: Waves, layer: int, timestep: int, row_pixels: int, together: int) -> tuple[list[Piece], list[int]]:
    """The row tiles of a layer (an index) at a timestep of a window (from 0 on), so many rows `together`, strip after
    strip, and the first one of each of these."""
    strips, across = _strips(waves, layer, timestep, row_pixels)
    tiles, begins = list[Piece](), list[int]()
    for (first, end), (left, right) in zip(strips.tolist(), across.tolist(), strict=True):
        begins.append(len(tiles))
        tiles += [Piece(row, min(together, end - row), left, right - left) for row in range(first, end, together)]
    return tiles, begins


def _strips(waves: Waves, layer: int, timestep: int, row_pixels: int) -> tuple[Ints, Ints]:
    """[strips, 2] first row and end, first column and end."""
    strips, columns = waves.line(layer, timestep)
    return strips, np.broadcast_to([0, row_pixels], strips.shape) if columns is None else columns


def first_starts(waves: Waves, layer: int, row_pixels: int, together: int) -> tuple[int, ...]:
    """`starts_of` what `pieces_of` gives at the first timestep, all at once."""
    strips, across = _strips(waves, layer, 0, row_pixels)
    rows, columns = np.diff(strips)[:, 0], np.diff(across)[:, 0]
    tiles = -(-rows // together)
    strip = np.repeat(np.arange(tiles.size), tiles)
    place = np.arange(strip.size) - np.repeat(np.cumsum(tiles) - tiles, tiles)
    pixels = np.minimum(together, rows[strip] - place * together) * columns[strip]
    return tuple((np.cumsum(pixels) - pixels).tolist())


def starts_of(pieces: Sequence[Piece]) -> tuple[int, ...]:
    """First pixels of row tiles, counted one after the other."""
    return (0, *accumulate(piece.rows * piece.columns for piece in pieces[:-1]))


def rows_of_tile(layer: Layer, tiling: Tiling, waves: Waves | None = None) -> int:
    """Rows that the array works off together at most."""
    columns = None if waves is None else waves.columns(layer.index, 1)
    wide = row_pixels(layer) if columns is None else int(np.diff(columns).max())
    return -(-max(tiling.cut.pixel_tiles(gemm_of(layer))) // wide)


def cut_in_waves(layer: Layer, tiling: Tiling, waves: Waves, timestep: int) -> Cut:
    """All tiles of a layer at one timestep of a window (from 0 on): those of `tiling`, each strip cut anew."""
    together = rows_of_tile(layer, tiling, waves)
    pieces, strips = pieces_of(waves, layer.index, timestep, row_pixels(layer), together)
    parts = tuple(pieces) if waves.columns(layer.index, 1) is not None else ()
    return replace(tiling.cut, starts=starts_of(pieces), inputs_outer=False, strips=tuple(strips), pieces=parts)
