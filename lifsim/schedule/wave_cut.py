"""The tiles that the array works off whole where a layer runs in waves: strips end at waves, tiles at strips."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lifsim.hardware.array import Cut
from lifsim.schedule.facts import LayerFacts
from lifsim.schedule.products import gemm_of
from lifsim.schedule.rows import Ints
from lifsim.schedule.traffic import Tiling
from lifsim.schedule.waves import Waves


def strips_of(waves: Waves, layer: int, timesteps: int) -> Ints:
    """[timesteps, waves, 2] first row and end of what a layer (an index) works on in each wave of a window."""
    done = waves.done(layer, timesteps)
    return np.stack([np.pad(done, ((0, 0), (1, 0)))[:, :-1], done], axis=-1)


def rows_of_tile(facts: LayerFacts, tiling: Tiling) -> int:
    """Rows that the array works off together at most."""
    return -(-max(tiling.cut.pixel_tiles(gemm_of(facts.layer))) // facts.rows.row_pixels)


def cut_in_waves(facts: LayerFacts, tiling: Tiling, waves: Waves, timestep: int) -> Cut:
    """All tiles of a layer at one timestep of a window (from 0 on): those of `tiling`, each strip cut anew."""
    together, pixels = rows_of_tile(facts, tiling), facts.rows.row_pixels
    strips = strips_of(waves, facts.layer.index, timestep + 1)[timestep].tolist()
    starts = (row * pixels for first, end in strips for row in range(first, end, together))
    return replace(tiling.cut, starts=tuple(starts))
