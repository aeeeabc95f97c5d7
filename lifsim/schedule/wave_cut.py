"""The tiles that the array works off whole where a layer runs in waves: strips end at waves, tiles at strips."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lifsim.hardware.array import Cut
from lifsim.model.network import Layer
from lifsim.schedule.products import gemm_of
from lifsim.schedule.rows import Ints
from lifsim.schedule.storage import row_pixels
from lifsim.schedule.traffic import Tiling
from lifsim.schedule.waves import Waves


def cut_strips(waves: Waves, layer: int, timestep: int, row_pixels: int, together: int) -> tuple[Ints, Ints]:
    """[tiles] first pixel, and [strips] first tile, of the strips of a layer (an index) at a timestep of a window (from
    0 on), so many rows `together` a tile. Pixels are counted as they are worked off, strip after strip."""
    strips, columns = waves.strips(layer, timestep + 1)[timestep], waves.columns(layer, timestep + 1)
    wide = np.full(len(strips), row_pixels) if columns is None else np.diff(columns[timestep])[:, 0]
    high = strips[:, 1] - strips[:, 0]
    high, wide = high[high > 0], wide[high > 0]
    tiles = -(-high // together)
    strip = np.repeat(np.arange(high.size), tiles)
    place = np.arange(strip.size) - np.repeat(np.cumsum(tiles) - tiles, tiles)
    rows = np.minimum(together, high[strip] - place * together)
    pixels = rows * wide[strip]
    return np.cumsum(pixels) - pixels, np.cumsum(tiles) - tiles


def rows_of_tile(layer: Layer, tiling: Tiling, waves: Waves | None = None) -> int:
    """Rows that the array works off together at most."""
    columns = None if waves is None else waves.columns(layer.index, 1)
    wide = row_pixels(layer) if columns is None else int(np.diff(columns).max())
    return -(-max(tiling.cut.pixel_tiles(gemm_of(layer))) // wide)


def cut_in_waves(layer: Layer, tiling: Tiling, waves: Waves, timestep: int) -> Cut:
    """All tiles of a layer at one timestep of a window (from 0 on): those of `tiling`, each strip cut anew."""
    together = rows_of_tile(layer, tiling, waves)
    starts, strips = cut_strips(waves, layer.index, timestep, row_pixels(layer), together)
    return replace(tiling.cut, starts=tuple(starts.tolist()), inputs_outer=False, strips=tuple(strips.tolist()))
