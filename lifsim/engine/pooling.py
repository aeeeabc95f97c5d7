"""Max and average pooling of channels-last maps [..., H, W, C]."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifsim.engine.workers import Workers
from lifsim.model.network import Pool

Array = NDArray[Any]

LANES = 16  # channels of whole numbers that are pooled at once


def pool(x: Array, node: Pool, dtype: Any, workers: Workers) -> Array:
    """Pooled map. A maximum keeps the type of x (spikes stay spikes); a mean divides by the whole window, padding
    included, as PyTorch does, and is of `dtype`."""
    is_max = node.kind == "max"
    if is_max and x.dtype == np.uint8 and x.shape[-1] % LANES == 0:
        return _of_counts(x, node, workers)
    padded = _pad(x, node, _lowest(x.dtype) if is_max else 0)
    views = (padded[window] for window in _windows(node))
    first = next(views)
    out = np.array(first, dtype=x.dtype if is_max else dtype, copy=True)
    for view in views:
        (np.maximum if is_max else np.add)(out, view, out=out)
    if not is_max:
        out /= node.kernel[0] * node.kernel[1]
    return out


def _of_counts(x: Array, node: Pool, workers: Workers) -> Array:
    """The maximum of spikes, or of counts of them, in machine code."""
    from lifsim.engine.pool_kernel import pool_counts

    channels, height, width = node.output.shape
    maps = np.ascontiguousarray(x).reshape(-1, *x.shape[-3:])
    out = np.empty((len(maps), height, width, channels), x.dtype)
    window = *node.kernel, *node.stride, *node.padding
    workers.run(pool_counts, len(maps), maps, window, out, elements=maps[0].size // LANES)
    return out.reshape(*x.shape[:-3], *out.shape[1:])


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
