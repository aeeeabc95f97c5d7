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


def strips_of(waves: Waves, layer: int, timesteps: int) -> Ints:
    """[timesteps, waves, 2] first row and end of what a layer (an index) works on in each wave of a window."""
    done = waves.done(layer, timesteps)
    return np.stack([np.pad(done, ((0, 0), (1, 0)))[:, :-1], done], axis=-1)


def rows_of_tile(layer: Layer, tiling: Tiling) -> int:
    """Rows that the array works off together at most."""
    return -(-max(tiling.cut.pixel_tiles(gemm_of(layer))) // row_pixels(layer))


def cut_in_waves(layer: Layer, tiling: Tiling, waves: Waves, timestep: int) -> Cut:
    """All tiles of a layer at one timestep of a window (from 0 on): those of `tiling`, each strip cut anew."""
    together, pixels = rows_of_tile(layer, tiling), row_pixels(layer)
    starts, strips = list[int](), list[int]()
    for first, end in strips_of(waves, layer.index, timestep + 1)[timestep].tolist():
        if end > first:
            strips.append(len(starts))
            starts += [row * pixels for row in range(first, end, together)]
    return replace(tiling.cut, starts=tuple(starts), inputs_outer=False, strips=tuple(strips))
