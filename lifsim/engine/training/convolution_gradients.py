"""Gradients of a convolution as matrix products, one per kernel position: no image of columns is ever laid out.

Maps are channels last, [N, H, W, C]. Each job writes outputs of its own from inputs of a fixed size, so that the number
of threads changes no bit, as long as BLAS itself runs on one thread (lifsim.engine.training.backprop holds it to one).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifsim.engine.workers import Workers
from lifsim.model.product import Window

Array = NDArray[Any]

_IMAGES = 32  # of a job of the input gradient


def input_gradient(grad: Array, weights: Array, window: Window, workers: Workers) -> Array:
    """Gradient [N, H, W, C] of the inputs, from that of the outputs, [N, E, F, M], and OIHW weights."""
    (channels, height, width), (top, left) = window.in_shape, window.padding
    padded = np.zeros((len(grad), height + 2 * top, width + 2 * left, channels), grad.dtype)
    workers.run(_scatter, -(-len(grad) // _IMAGES), grad, weights, window, padded)
    return padded[:, top : top + height, left : left + width]


def weight_gradient(x: Array, grad: Array, window: Window, workers: Workers) -> Array:
    """OIHW gradient of the weights, from inputs x [N, H, W, C] and the gradient [N, E, F, M] of the outputs."""
    (rows, cols), (top, left) = window.kernel, window.padding
    out = np.empty((window.out_shape[0], window.in_shape[0] // window.groups, rows, cols), grad.dtype)
    padded = np.pad(x, ((0, 0), (top, top), (left, left), (0, 0)))
    workers.run(_correlate, window.groups * rows * cols, padded, grad, window, out)
    return out


def _scatter(start: int, stop: int, grad: Array, weights: Array, window: Window, padded: Array) -> None:
    for job in range(start, stop):
        images = slice(job * _IMAGES, (job + 1) * _IMAGES)
        for _, filters, channels, r, s in _positions(window):
            part = grad[images, :, :, filters]
            moved = _flat(part, grad.dtype) @ weights[filters, :, r, s]
            padded[images, *_seen(window, r, s), channels] += moved.reshape(*part.shape[:3], -1)


def _correlate(start: int, stop: int, padded: Array, grad: Array, window: Window, out: Array) -> None:
    for job, filters, channels, r, s in _positions(window):
        if start <= job < stop:
            seen = _flat(padded[:, *_seen(window, r, s), channels], grad.dtype)
            out[filters, :, r, s] = _flat(grad[..., filters], grad.dtype).T @ seen


def _positions(window: Window) -> Iterator[tuple[int, slice, slice, int, int]]:
    """Number, filters, input channels, row and column of every kernel position of every group."""
    filters, channels = window.out_shape[0] // window.groups, window.in_shape[0] // window.groups
    places = product(range(window.groups), range(window.kernel[0]), range(window.kernel[1]))
    for number, (g, r, s) in enumerate(places):
        yield number, slice(g * filters, (g + 1) * filters), slice(g * channels, (g + 1) * channels), r, s


def _seen(window: Window, r: int, s: int) -> tuple[slice, slice]:
    """Rows and columns of the padded inputs that kernel position (r, s) sees, one for each output."""
    (_, height, width), (down, right) = window.out_shape, window.stride
    return slice(r, r + (height - 1) * down + 1, down), slice(s, s + (width - 1) * right + 1, right)


def _flat(maps: Array, dtype: Any) -> Array:
    """[pixels, channels], contiguous."""
    return np.ascontiguousarray(maps, dtype).reshape(-1, maps.shape[-1])
