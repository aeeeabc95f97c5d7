"""Gradients of a convolution, product after product, each added with one rounding of float32.

Weights: so many pixels make a sum of their own, what is left over behind the last but one two like ones, the first of a
multiple of 16; inputs: filter after filter, and the sums of kernel positions in turn.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifsim.model.product import Window

Array = NDArray[Any]


def added(total: Array, first: Array, second: Array) -> Array:
    """total + first * second of float32, rounded once. The product is exact in float64; the sum is rounded to odd
    there, which leaves the last rounding as it would be of the exact sum."""
    exact, other = first.astype(np.float64) * second, total.astype(np.float64)
    rounded = exact + other
    part = rounded - exact
    error = (exact - (rounded - part)) + (other - part)
    odd = (rounded.view(np.int64) & 1).astype(bool)
    nearer = np.nextafter(rounded, np.where(error > 0, np.inf, -np.inf))
    return np.where(odd | (error == 0), rounded, nearer).astype(np.float32)


def weight_gradient(x: Array, grad: Array, window: Window, block: int) -> Array:
    """OIHW, of x [N, H, W, C] and grad [N, E, F, M]; pixels of a `block` make a sum."""
    (rows, cols), (top, left) = window.kernel, window.padding
    padded = np.pad(x, ((0, 0), (top, top), (left, left), (0, 0))).astype(np.float32)
    seen = np.stack([padded[:, *_seen(window, r, s)] for r, s in product(range(rows), range(cols))], axis=-2)
    pixels, grads = seen.reshape(-1, *seen.shape[3:]), grad.reshape(-1, grad.shape[3])
    out = np.zeros((rows * cols, grad.shape[3], x.shape[3]), np.float32)
    for first, last in _blocks(len(pixels), block):
        total = np.zeros_like(out)
        for p in range(first, last):
            total = added(total, *np.broadcast_arrays(grads[p][None, :, None], pixels[p][:, None, :]))
        out += total
    return out.transpose(1, 2, 0).reshape(*out.shape[1:], rows, cols)


def input_gradient(grad: Array, weights: Array, window: Window) -> Array:
    """[N, H, W, C], of grad [N, E, F, M] and OIHW weights."""
    (channels, height, width), (top, left) = window.in_shape, window.padding
    padded = np.zeros((len(grad), height + 2 * top, width + 2 * left, channels), np.float32)
    for r, s in product(range(window.kernel[0]), range(window.kernel[1])):
        total = np.zeros((*grad.shape[:3], channels), np.float32)
        for m in range(grad.shape[3]):
            total = added(total, *np.broadcast_arrays(grad[..., m, None], weights[m, :, r, s]))
        padded[:, *_seen(window, r, s)] += total
    return padded[:, top : top + height, left : left + width]


def _blocks(pixels: int, block: int) -> Iterator[tuple[int, int]]:
    first = 0
    while pixels - first >= 2 * block:
        yield first, first + block
        first += block
    if pixels - first > block:
        half = 16 * -(-((pixels - first) // 2) // 16)
        yield first, first + half
        first += half
    yield first, pixels


def _seen(window: Window, r: int, s: int) -> tuple[slice, slice]:
    """Rows and columns of the padded inputs that kernel position (r, s) sees, one for each output."""
    (_, height, width), (down, right) = window.out_shape, window.stride
    return slice(r, r + (height - 1) * down + 1, down), slice(s, s + (width - 1) * right + 1, right)
