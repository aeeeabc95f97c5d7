"""Layers in waves on an array, wave by wave, tile by tile, timestep by timestep, counted with plain loops.

Knows nothing of lifsim: a layer is a `Product`, its rows in every wave are lists. Output stationary, a fold has H
pixels x W filters and takes K + H + W - 2 cycles a timestep; weight stationary, one of H products x W filters streams
the pixels of a tile, 2H + W - 2 cycles more: fused those of all timesteps of a window through one load, skewed those of
one timestep.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from tests.oracles.lif_queue import ready_passes, visit_cycles

Range = tuple[int, int]


@dataclass(frozen=True)
class Product:
    """rows: by window, by wave, by timestep, first and end. tile: filters of a tile."""

    reduction: int
    filters: int
    row_pixels: int
    tile: int
    rows: list[list[list[Range]]]
    skewed: bool


@dataclass(frozen=True)
class Array:
    """lif: cycles of a pass of H pixels x W filters, behind every fold; hidden: whether the next fold hides it."""

    height: int
    width: int
    dataflow: str
    lif: int
    hidden: bool


@dataclass
class Counted:
    """Cycles, and what the array reads of its buffers."""

    array: int = 0
    lif: int = 0
    inputs: int = 0
    weights: int = 0


def count(product: Product, array: Array) -> Counted:
    """One image."""
    found = Counted()
    for window in product.rows:
        timesteps = len(window[0])
        if product.skewed:
            for timestep in range(timesteps):
                tiles = [tile for wave in window for tile in _tiles(product, wave[timestep])]
                _work(product, array, tiles, 1, found)
        else:
            _work(product, array, [tile for wave in window for tile in _tiles(product, wave[0])], timesteps, found)
    return found


def _tiles(product: Product, rows: Range) -> Iterator[Range]:
    """(pixels, filters) of one strip under every tile."""
    for first in range(0, product.filters, product.tile) if rows[1] > rows[0] else ():
        yield (rows[1] - rows[0]) * product.row_pixels, min(product.tile, product.filters - first)


def _work(product: Product, array: Array, tiles: list[Range], timesteps: int, found: Counted) -> None:
    """So many timesteps of tiles, one tile after the other, back to back; blocks end where outputs are finished."""
    blocks, passes = list[int](), 0
    for pixels, filters in tiles:
        high, wide = math.ceil(pixels / array.height), math.ceil(filters / array.width)
        passes += high * wide
        if array.dataflow == "os":
            for _ in range(high * wide * timesteps):
                blocks.append(product.reduction + array.height + array.width - 2)
            found.inputs += timesteps * pixels * product.reduction * wide
            found.weights += timesteps * product.reduction * filters * high
        else:
            folds = math.ceil(product.reduction / array.height)
            for _ in range(wide):
                blocks.append(folds * (timesteps * pixels + 2 * array.height + array.width - 2))
            found.inputs += timesteps * pixels * product.reduction * wide
            found.weights += product.reduction * filters
    found.array += sum(blocks)
    if array.hidden:
        work = [array.lif * ready for ready in ready_passes(passes * timesteps, len(blocks))]
        found.lif += visit_cycles(blocks, work) - sum(blocks)
    else:
        found.lif += passes * timesteps * array.lif
