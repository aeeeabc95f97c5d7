"""Gradients of small convolutions as matrix products whose sums stay in registers, in tiles of neighbouring channels,
without gathering pixels first. BLAS takes two to three times as long on such narrow matrices.

Sums run in the order in which OpenBLAS adds on processors with AVX-512, so that no bit of a gradient depends on who
computes it: product by product, each added with one rounding; for weights `BLOCK` pixels at a time where the product is
not small; for inputs filter after filter, then kernel position after position.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lifsim.engine.jit import compiled
from lifsim.engine.lanes import REGISTER_BYTES, load, zeros
from lifsim.engine.tiles import add_products, add_to, blank
from lifsim.engine.workers import Workers
from lifsim.kernels.processor import this_processor
from lifsim.model.product import Window

Array = NDArray[Any]

BLOCK = 448
ROWS = 8  # of a tile: enough independent sums to hide the latency of one
_SMALL = 10**6  # products, of which OpenBLAS makes one block
_CHANNELS = 16  # of which OpenBLAS adds each in the same order
_POSITION = 1 << 13  # weights of a kernel position that stay in the first cache
_PIXELS = 64  # of outputs whose inputs do, too
_SUMS_PER_VALUE = 16  # that are computed in the time of one value
_ROUNDS_ONCE = this_processor().level is not None  # such processors have fused multiply-adds


class Maps(NamedTuple):
    """Outputs [images, E, F, M] of a convolution, and its inputs [images, H, W, C] within a border."""

    images: int
    H: int
    W: int
    C: int
    E: int
    F: int
    M: int
    R: int
    S: int
    stride_y: int
    stride_x: int
    pad_y: int
    pad_x: int


def are_tiled(window: Window, pixels: int, dtype: Any) -> bool:
    """Whether both gradients of a convolution with this many output pixels can be computed in tiles."""
    channels, filters = window.in_shape[0], window.out_shape[0]
    fits = window.groups == 1 and filters <= BLOCK and channels * filters <= _POSITION
    same = dtype == np.float32 and channels % _CHANNELS == 0 and min(filters, pixels) > 1
    return _ROUNDS_ONCE and fits and same


def weight_sums(x: Array, grad: Array, window: Window, workers: Workers) -> Array:
    """The gradient of the weights, [R * S, M, C], from inputs x [N, H, W, C] and the gradient [N, E, F, M] of the
    outputs."""
    maps = _maps(len(x), window)
    pixels, tiles = maps.images * maps.E * maps.F, -(-maps.M // ROWS)
    block = BLOCK if pixels * maps.M * maps.C > _SMALL else pixels
    out = np.zeros((maps.R * maps.S, maps.M, maps.C), grad.dtype)
    jobs, elements = len(out) * tiles, pixels * ROWS * maps.C // _SUMS_PER_VALUE
    seen = _bordered(x, window.padding).reshape(-1)
    workers.run(_sum_weights, jobs, seen, _flat(grad), maps, block, out.reshape(-1), elements=elements)
    return out


def input_sums(grad: Array, weights: Array, window: Window, workers: Workers) -> Array:
    """The gradient of the inputs, [N, H, W, C], from the gradient [N, E, F, M] of the outputs and OIHW weights."""
    maps = _maps(len(grad), window)
    together = max(1, min(maps.images, _PIXELS // (maps.E * maps.F)))
    lanes = REGISTER_BYTES // grad.itemsize
    rows = weights.reshape(maps.M, -1, lanes, maps.R, maps.S).transpose(3, 4, 1, 0, 2)
    out = np.empty((maps.images, maps.H, maps.W, maps.C), grad.dtype)
    elements = together * maps.E * maps.F * math.prod(weights.shape) // _SUMS_PER_VALUE
    jobs = -(-maps.images // together)
    workers.run(_sum_inputs, jobs, _flat(grad), _flat(rows), maps, together, out.reshape(-1), elements=elements)
    return out


def _maps(images: int, window: Window) -> Maps:
    (channels, height, width), (filters, rows, cols) = window.in_shape, window.out_shape
    return Maps(images, height, width, channels, rows, cols, filters, *window.kernel, *window.stride, *window.padding)


def _flat(values: Array) -> Array:
    return np.ascontiguousarray(values).reshape(-1)


def _bordered(x: Array, padding: tuple[int, int]) -> Array:
    """Contiguous, with zeros around."""
    if padding == (0, 0):
        return np.ascontiguousarray(x)
    (top, left), (images, height, width, channels) = padding, x.shape
    out = np.zeros((images, height + 2 * top, width + 2 * left, channels), x.dtype)
    out[:, top : top + height, left : left + width] = x
    return out


@compiled
def _sum_weights(start, stop, x, grad, maps, block, out):  # type: ignore[no-untyped-def]
    """out [R, S, M, C] += sums of jobs `start` to `stop`: the tiles of filters of one kernel position after the other.
    x is padded. A rest of pixels behind the last whole block is halved if it has more than one."""
    lanes = zeros(out, REGISTER_BYTES)
    tiles, pixels = (maps.M + ROWS - 1) // ROWS, maps.images * maps.E * maps.F
    places, rows = np.empty(min(block, pixels) + 2 * maps.F, np.int64), np.arange(maps.M) * maps.C
    first = 0
    while first < pixels:
        size = _block(pixels - first, block)
        skipped = _find(first, size, maps, places)
        for job in range(start, stop):
            position, top = job // tiles, job % tiles * ROWS
            shift, target = _shift(position, maps), position * maps.M * maps.C
            bottom = min(maps.M, top + ROWS)
            for c in range(0, maps.C, len(lanes)):
                if bottom - top == ROWS:
                    tile = blank(lanes, ROWS)
                    for p in range(size):
                        seen = load(lanes, x, places[skipped + p] + shift + c)
                        tile = add_products(tile, grad, (first + p) * maps.M + top, 1, seen)
                    add_to(tile, out, rows, top, target + c)
                    continue
                for m in range(top, bottom):
                    row = blank(lanes, 1)
                    for p in range(size):
                        seen = load(lanes, x, places[skipped + p] + shift + c)
                        row = add_products(row, grad, (first + p) * maps.M + m, 1, seen)
                    add_to(row, out, rows, m, target + c)
        first += size


@compiled
def _sum_inputs(start, stop, grad, weights, maps, together, out):  # type: ignore[no-untyped-def]
    """out [images, H, W, C] = sums of jobs `start` to `stop`, each of `together` images. weights: [R, S, C / lanes, M,
    lanes]."""
    lanes = zeros(out, REGISTER_BYTES)
    area = maps.E * maps.F
    places = np.empty(together * area, np.int64)
    room = np.empty(together * (maps.H + 2 * maps.pad_y) * (maps.W + 2 * maps.pad_x) * maps.C, out.dtype)
    _find(0, together * area, maps, places)
    for job in range(start, stop):
        images = min(together, maps.images - job * together)
        first, size = job * together * area, images * area
        room[:] = 0
        for position in range(maps.R * maps.S):
            shift = _shift(position, maps)
            for c in range(0, maps.C, len(lanes)):
                block = (position * maps.C + c) * maps.M
                for p in range(0, size - size % ROWS, ROWS):
                    tile = blank(lanes, ROWS)
                    for m in range(maps.M):
                        weight = load(lanes, weights, block + m * len(lanes))
                        tile = add_products(tile, grad, (first + p) * maps.M + m, maps.M, weight)
                    add_to(tile, room, places, p, shift + c)
                for p in range(size - size % ROWS, size):
                    row = blank(lanes, 1)
                    for m in range(maps.M):
                        weight = load(lanes, weights, block + m * len(lanes))
                        row = add_products(row, grad, (first + p) * maps.M + m, maps.M, weight)
                    add_to(row, room, places, p, shift + c)
        _leave_border(room, job * together, images, maps, out)


@compiled
def _block(left, block):  # type: ignore[no-untyped-def]
    """How many of the remaining pixels are summed next."""
    if left >= 2 * block:
        return block
    return left if left <= block else (left // 2 + 15) // 16 * 16


@compiled
def _find(first, size, maps, places):  # type: ignore[no-untyped-def]
    """Fill `places` with the offsets in the padded inputs at which outputs see kernel position (0, 0), for whole output
    rows that contain outputs `first` to `first` + `size` - 1. Returns how many of these outputs come before the `first`
    one."""
    row, found = first // maps.F, 0
    while found < first % maps.F + size:
        line = row // maps.E * (maps.H + 2 * maps.pad_y) + row % maps.E * maps.stride_y
        for f in range(maps.F):
            places[found + f] = (line * (maps.W + 2 * maps.pad_x) + f * maps.stride_x) * maps.C
        row += 1
        found += maps.F
    return first % maps.F


@compiled
def _shift(position, maps):  # type: ignore[no-untyped-def]
    """Offset of a kernel position from position (0, 0) in the padded inputs."""
    return (position // maps.S * (maps.W + 2 * maps.pad_x) + position % maps.S) * maps.C


@compiled
def _leave_border(room, first, images, maps, out):  # type: ignore[no-untyped-def]
    """out = the padded maps of images from `first` on, without their padding."""
    row, line = maps.W * maps.C, (maps.W + 2 * maps.pad_x) * maps.C
    for n in range(images):
        for y in range(maps.H):
            source = room[(n * (maps.H + 2 * maps.pad_y) + maps.pad_y + y) * line + maps.pad_x * maps.C :]
            target = out[((first + n) * maps.H + y) * row :]
            for i in range(row):
                target[i] = source[i]
