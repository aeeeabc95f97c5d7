"""A convolution in the engine's order of additions, one output pixel after the other. Imports nothing of LIFSim.

The inputs of a window that are not zero come in the order (r, s, c); their weight rows are added eight at a time as a
tree, or, each times its input, four at a time; what is left over is added one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Geometry:
    """Kernel (R, S), strides and paddings (rows, columns), groups."""

    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]
    groups: int

    def outputs(self, height: int, width: int) -> tuple[int, int]:
        """Rows and columns of the outputs of a map."""
        rows = (height + 2 * self.padding[0] - self.kernel[0]) // self.stride[0] + 1
        return rows, (width + 2 * self.padding[1] - self.kernel[1]) // self.stride[1] + 1


def convolved(x: np.ndarray, weights: np.ndarray, affine: np.ndarray, geometry: Geometry, spikes: bool) -> np.ndarray:
    """[N, E, F, M] of maps [N, H, W, C] and weights [M, C/groups, R, S]. affine: scale and shift, [2, M]."""
    images, height, width, channels = x.shape
    filters, each = weights.shape[0] // geometry.groups, channels // geometry.groups
    out = np.empty((images, *geometry.outputs(height, width), weights.shape[0]), weights.dtype)
    for n, e, f in np.ndindex(out.shape[:3]):
        for g in range(geometry.groups):
            mine = slice(g * filters, (g + 1) * filters)
            terms = []
            for r, s, c in np.ndindex(*geometry.kernel, each):
                y = e * geometry.stride[0] - geometry.padding[0] + r
                z = f * geometry.stride[1] - geometry.padding[1] + s
                if 0 <= y < height and 0 <= z < width and x[n, y, z, g * each + c] != 0:
                    row = weights[mine, c, r, s]
                    terms.append(row if spikes else weights.dtype.type(x[n, y, z, g * each + c]) * row)
            out[n, e, f, mine] = affine[0, mine] * total(terms, filters, weights.dtype, 8 if spikes else 4)
            out[n, e, f, mine] += affine[1, mine]
    return out


def total(terms: Sequence[np.ndarray], filters: int, dtype: np.dtype, leaves: int) -> np.ndarray:
    """Sum of the terms, [filters], as trees of so many leaves and what is left over."""
    found = np.zeros(filters, dtype)
    whole = len(terms) - len(terms) % leaves
    for first in range(0, whole, leaves):
        found = found + tree(terms[first : first + leaves])
    for term in terms[whole:]:
        found = found + term
    return found


def tree(terms: Sequence[np.ndarray]) -> np.ndarray:
    """Sum of the halves' sums."""
    half = len(terms) // 2
    return tree(terms[:half]) + tree(terms[half:]) if half else terms[0]
