"""Gradients of a convolution by NumPy, one kernel position after the other, from maps in a border of zeros.

[N, H, W, C] maps. Input gradients are made 32 images at a time: with how many rows BLAS multiplies is a part of its
bits.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifsim.model.product import Window

Array = NDArray[Any]


def input_gradient(grad: Array, weights: Array, window: Window) -> Array:
    """[N, H, W, C] of the gradient [N, E, F, M] of the outputs and OIHW weights."""
    (channels, height, width), (top, left) = window.in_shape, window.padding
    padded = np.zeros((len(grad), height + 2 * top, width + 2 * left, channels), grad.dtype)
    for first in range(0, len(grad), 32):
        images = slice(first, first + 32)
        for filters, inputs, r, s in _positions(window):
            part = grad[images, :, :, filters]
            moved = _flat(part) @ np.ascontiguousarray(weights[filters, :, r, s])
            padded[images, *_seen(window, r, s), inputs] += moved.reshape(*part.shape[:3], -1)
    return padded[:, top : top + height, left : left + width]


def weight_gradient(x: Array, grad: Array, window: Window) -> Array:
    """OIHW, of inputs x [N, H, W, C] and the gradient [N, E, F, M] of the outputs."""
    (rows, cols), (top, left) = window.kernel, window.padding
    out = np.empty((window.out_shape[0], window.in_shape[0] // window.groups, rows, cols), grad.dtype)
    padded = np.pad(x, ((0, 0), (top, top), (left, left), (0, 0))).astype(grad.dtype)
    for filters, inputs, r, s in _positions(window):
        out[filters, :, r, s] = _flat(grad[..., filters]).T @ _flat(padded[:, *_seen(window, r, s), inputs])
    return out


def _positions(window: Window) -> Iterator[tuple[slice, slice, int, int]]:
    """Filters, input channels, row and column of every kernel position of every group."""
    filters, channels = window.out_shape[0] // window.groups, window.in_shape[0] // window.groups
    for g, r, s in product(range(window.groups), range(window.kernel[0]), range(window.kernel[1])):
        yield slice(g * filters, (g + 1) * filters), slice(g * channels, (g + 1) * channels), r, s


def _seen(window: Window, r: int, s: int) -> tuple[slice, slice]:
    """Rows and columns of the padded inputs that kernel position (r, s) sees, one for each output."""
    (_, height, width), (down, right) = window.out_shape, window.stride
    return slice(r, r + (height - 1) * down + 1, down), slice(s, s + (width - 1) * right + 1, right)


def _flat(maps: Array) -> Array:
    """[pixels, channels], contiguous."""
    return np.ascontiguousarray(maps).reshape(-1, maps.shape[-1])
