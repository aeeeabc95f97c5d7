"""Convolution by events: an output pixel sums the weight rows of the inputs that are not zero.

Maps are channels last, [N, H, W, C], N = timesteps x images. A weight row belongs to one input of the window, (r, s,
c), and holds a weight for each filter, so that a spike costs M additions in unit stride and a zero costs nothing. Sums
run in the order (r, s, c), eight rows at a time as a tree, four where rows are multiplied; the remaining rows follow
one by one. So the bits depend only on the layer's own input and weights. A linear layer is a 1 x 1 convolution of a
one-pixel map.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifsim.engine.events import NARROW_BYTES, WIDE_BYTES, Layer, sum_tiles
from lifsim.engine.lanes import aligned
from lifsim.engine.workers import Workers
from lifsim.model.product import Window

Array = NDArray[Any]

_OUTPUTS = 256  # of a tile: enough to share the weights that they load, few enough for their sums to stay in a cache
_PICKED = 1 << 21  # events of a tile at most, or of one row of outputs: those of kernels of thousands take memory
_TILES_PER_THREAD = 8  # fewer do not balance: then each thread has its part of every tile's filters


def pack_weights(weights: Array, groups: int) -> Array:
    """OIHW weights [M, C/groups, R, S] as the kernel reads them, [groups, ...]: block of filters after block, in each
    the rows of R*S*C/groups inputs. Lanes beyond the last filter are 0."""
    filters, channels, rows, cols = weights.shape
    window, wide, narrow = rows * cols * channels, *_lanes(weights.dtype)
    each = filters // groups
    split = weights.reshape(groups, each, channels, rows, cols).transpose(0, 3, 4, 2, 1)
    firsts = [*range(0, each - wide + 1, wide), *range(each - each % wide, each, narrow)]
    packed = aligned(groups * window * -(-each // narrow) * narrow, weights.dtype).reshape(groups, -1)
    for first in firsts:
        width = wide if first + wide <= each else narrow
        block = packed[:, first * window : (first + width) * window].reshape(groups, rows, cols, channels, width)
        block[..., : each - first] = split[..., first : first + width]
    return packed


def convolve(
    x: Array, rows: Array, window: Window, workers: Workers, scale: Array, shift: Array, *, spikes: bool
) -> Array:
    """`scale` * (weights (*) x) + `shift`, [N, E, F, M] of x [N, H, W, C].

    rows: of `pack_weights`. spikes: every element of x is 0 or 1, so that rows are added and never multiplied. scale,
    shift: [M].
    """
    _check(x, window.in_shape)
    filters, height, width = window.out_shape
    out = np.empty((x.shape[0], height, width, filters), rows.dtype)
    layer = _layer(len(x), window, rows.dtype, workers.threads)
    jobs = layer.parts * _tiles(layer)
    maps, gain, offset = (np.ascontiguousarray(values) for values in (x, scale, shift))
    workers.run(sum_tiles, jobs, maps, rows, layer, spikes, gain, offset, out.reshape(-1))
    return out


def _layer(images: int, window: Window, dtype: Any, threads: int) -> Layer:
    """The layer, divided into tiles and parts, which change no bit of the result."""
    (channels, height, width), (filters, rows, cols) = window.in_shape, window.out_shape
    groups = window.groups
    seen = window.kernel[0] * window.kernel[1] * channels // groups
    outputs = min(_OUTPUTS, _PICKED // seen)
    tile_rows = min(rows, max(1, outputs // cols))
    tile_images = min(images, max(1, outputs // (rows * cols))) if tile_rows == rows else 1
    shapes = height, width, channels // groups, rows, cols, filters // groups
    positions = *window.kernel, *window.stride, *window.padding
    layer = Layer(images, *shapes, *positions, groups, tile_images, tile_rows, parts=1)
    wide, narrow = _lanes(dtype)
    blocks = layer.M // wide + -(-(layer.M % wide) // narrow)
    return layer if _tiles(layer) >= threads * _TILES_PER_THREAD else layer._replace(parts=min(threads, blocks))


def _tiles(layer: Layer) -> int:
    return -(-layer.images // layer.tile_images) * -(-layer.E // layer.tile_rows)


def _lanes(dtype: Any) -> tuple[int, int]:
    """Filters of a wide and of a narrow block."""
    return WIDE_BYTES // dtype.itemsize, NARROW_BYTES // dtype.itemsize


def _check(maps: Array, shape: tuple[int, int, int]) -> None:
    """The kernels trust their shapes."""
    channels, height, width = shape
    if maps.ndim != 4 or maps.shape[1:] != (height, width, channels):
        raise ValueError(f"maps {maps.shape} must be [N, {height}, {width}, {channels}]")
