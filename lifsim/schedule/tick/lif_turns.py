"""How long the array waits for LIF units that overlap with its work, a criterion between the tilings of a tick-batched
layer.

When the array is done, the passes for the outputs that it finished last remain, the more, the more outputs a tile
finishes together; so do passes for other outputs that did not fit under the work that followed.
`lifsim.hardware.lif_unit.lif_cycles` counts them block by block; here all blocks and tiles of a layer are assumed to be
equal.
"""

from __future__ import annotations

from functools import lru_cache
from math import prod

import numpy as np

from lifsim.hardware.array import Gemm
from lifsim.hardware.gemm import ArrayShape, ceil_div
from lifsim.hardware.lif_unit import lif_passes
from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Layer
from lifsim.schedule.tensors.psums import PsumStore
from lifsim.schedule.tensors.rows import Ints
from lifsim.schedule.tick.tile_price import CACHED, Sizes, TileGrid


@dataclass(frozen=True)
class LifTurns:
    """The LIF calls for one image in one visit of a layer. pass_cycles: cycles of a pass; pixels: of the map that the
    LIFs see; timesteps: in which the LIFs are called; rounds: in which the array computes."""

    pass_cycles: int
    pixels: int
    timesteps: int
    rounds: int

    @classmethod
    def of(cls, layer: Layer, pass_cycles: int) -> LifTurns | None:
        """The LIF calls of `layer`; None if none overlaps with the array's work."""
        if layer.lif is None or pass_cycles == 0:
            return None
        return cls(pass_cycles, prod(layer.lif.output.shape[1:]), layer.timesteps, layer.rounds)

    def waits(self, gemm: Gemm, array: PsumStore, grid: TileGrid, work: Ints) -> Ints:
        """[rows, columns] cycles that the array waits in the tilings of `grid`, whose array work takes `work`
        cycles."""
        each = _passes_and_blocks(gemm, array, self.pixels, grid.heights, grid.widths)
        passes, blocks = (grid.sums(of_tile) for of_tile in each)
        passes *= self.timesteps
        blocks *= 1 if array.dataflow.joins_rounds else self.rounds
        last = -(-passes // blocks) * self.pass_cycles
        behind = work - work // blocks
        waits: Ints = last + np.maximum(0, passes * self.pass_cycles - last - behind)
        return waits


@lru_cache(CACHED)
def _passes_and_blocks(gemm: Gemm, array: PsumStore, pixels: int, heights: Sizes, widths: Sizes) -> tuple[Ints, Ints]:
    """([heights, widths], [heights, widths]) for tiles of these pixels and filters, all groups: passes per timestep, if
    the LIFs see a map of `pixels`; and sets of outputs that are finished together in a round. Read-only."""
    holds = ArrayShape(array.shape.rows, array.shape.filter_cols(gemm.chain))
    found = np.empty((2, len(heights), len(widths)), np.int64)
    for row, high in enumerate(heights):
        seen = ceil_div(high * pixels, gemm.pixels)
        for column, wide in enumerate(widths):
            tile = gemm.tile(high, wide)
            found[:, row, column] = (
                lif_passes(seen, wide, gemm.groups, holds),
                array.dataflow.folds(tile, array.shape).outputs * gemm.groups,
            )
    found.setflags(write=False)
    return found[0], found[1]
