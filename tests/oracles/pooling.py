"""A pool and its gradient by NumPy, one place of the window after the other: maps [..., H, W, C]."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifsim.model.network import Pool

Array = NDArray[Any]


def pool(x: Array, node: Pool) -> Array:
    """Largest or mean value, float64, of each window; beside the map it is the lowest there is, or 0."""
    is_max = node.kind == "max"
    padded = _pad(x, node, _lowest(x.dtype) if is_max else 0).astype(np.float64)
    seen = np.stack([padded[window] for window in _windows(node)])
    found: Array = seen.max(axis=0) if is_max else seen.sum(axis=0) / (node.kernel[0] * node.kernel[1])
    return found


def pool_gradient(x: Array, grad: Array, node: Pool) -> Array:
    """Gradient of the pool's input: to the first maximum in row-major order of each window, or in equal parts.

    A border is never the maximum, also where it is as high as the map: beside spikes it is 0, as silent neurons are.
    """
    is_max = node.kind == "max"
    padded = _pad(x, node, _lowest(x.dtype) if is_max else 0)
    out = np.zeros(padded.shape, grad.dtype)
    if not is_max:
        share = grad / (node.kernel[0] * node.kernel[1])
        for window in _windows(node):
            out[window] += share
    else:
        highest = np.maximum.reduce([padded[window] for window in _windows(node)])
        inside = _pad(np.ones((*x.shape[-3:-1], 1), bool), node, False)
        pending = np.ones(grad.shape, bool)
        for window in _windows(node):
            taken = pending & inside[window] & (padded[window] == highest)
            out[window] += grad * taken
            pending &= ~taken
    (top, left), (height, width) = node.padding, x.shape[-3:-1]
    return out[..., top : top + height, left : left + width, :]


def _lowest(dtype: Any) -> Any:
    return 0 if dtype == np.uint8 else -np.inf


def _pad(x: Array, node: Pool, value: Any) -> Array:
    if node.padding == (0, 0):
        return x
    (rows, cols), leading = node.padding, [(0, 0)] * (x.ndim - 3)
    return np.pad(x, [*leading, (rows, rows), (cols, cols), (0, 0)], constant_values=value)


def _windows(node: Pool) -> Iterator[tuple[Any, ...]]:
    """For each position of the window the slices of the padded map that it sees, row-major."""
    _, height, width = node.output.shape
    for r in range(node.kernel[0]):
        for s in range(node.kernel[1]):
            rows = slice(r, r + (height - 1) * node.stride[0] + 1, node.stride[0])
            cols = slice(s, s + (width - 1) * node.stride[1] + 1, node.stride[1])
            yield (..., rows, cols, slice(None))
