"""Ones in receptive fields, one pixel and one tap at a time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def ones_per_pixel_by_loops(
    spikes: NDArray[np.uint8],
    kernel: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int],
    groups: int,
) -> NDArray[np.int32]:
    """As `lifsim.trace.receptive.ones_per_pixel`, for `[N, C, H, W]`."""
    images, channels, height, width = spikes.shape
    rows = (height + 2 * padding[0] - kernel[0]) // stride[0] + 1
    cols = (width + 2 * padding[1] - kernel[1]) // stride[1] + 1
    ones = np.zeros((images, groups, rows, cols), np.int32)
    for n, g, e, f in np.ndindex(*ones.shape):
        for c in range(g * channels // groups, (g + 1) * channels // groups):
            for r, s in np.ndindex(*kernel):
                y, x = e * stride[0] + r - padding[0], f * stride[1] + s - padding[1]
                if 0 <= y < height and 0 <= x < width:
                    ones[n, g, e, f] += spikes[n, c, y, x]
    return ones
