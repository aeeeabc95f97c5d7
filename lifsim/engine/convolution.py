"""Convolution by events: an output pixel sums the weight rows of the inputs that are not zero.

Maps are channels last, [N, H, W, C], N = timesteps x images. A weight row belongs to one input of the window,
(r, s, c), and holds its M weights, so that a spike costs M additions in unit stride and a zero costs nothing. Sums run
in the order (r, s, c), eight rows at a time as a tree: the bits depend on the layer's own input and weights alone.
A linear layer is a 1 x 1 convolution of a one-pixel map.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifsim.engine.jit import compiled
from lifsim.engine.workers import Workers
from lifsim.model.product import Window

Array = NDArray[Any]

_BAND = 4  # output rows per job: few enough to balance the threads, enough to share the event lists of their halos


def pack_weights(weights: Array, groups: int) -> Array:
    """Weight rows [groups, R*S*C/groups, M/groups] of OIHW weights [M, C/groups, R, S]."""
    filters, channels, rows, cols = weights.shape
    split = weights.reshape(groups, filters // groups, channels, rows, cols)
    return np.ascontiguousarray(split.transpose(0, 3, 4, 2, 1)).reshape(groups, rows * cols * channels, -1)


def convolve(
    x: Array, rows: Array, window: Window, workers: Workers, scale: Array, shift: Array, *, spikes: bool
) -> Array:
    """`scale` * (weights (*) x) + `shift`, [N, E, F, M] of x [N, H, W, C].

    spikes: every element of x is 0 or 1, so that rows are added and never multiplied. scale, shift: [M].
    """
    _check(x, window.in_shape)
    filters, height, width = window.out_shape
    out = np.empty((x.shape[0], height, width, filters), rows.dtype)
    bands = -(-height // _BAND)
    workers.run(_convolve, x.shape[0] * bands, x, rows, window.integers, spikes, scale, shift, out)
    return out


def _check(maps: Array, shape: tuple[int, int, int]) -> None:
    """The kernels trust their shapes."""
    channels, height, width = shape
    if maps.ndim != 4 or maps.shape[1:] != (height, width, channels):
        raise ValueError(f"maps {maps.shape} must be [N, {height}, {width}, {channels}]")


@compiled
def _list_events(image, first, last, base, channels, index, count):  # type: ignore[no-untyped-def]
    """Channels that are not zero, of each pixel of rows `first` to `last`."""
    for y in range(first, last):
        for x in range(image.shape[1]):
            found = 0
            for c in range(channels):
                index[y - first, x, found] = c
                found += image[y, x, base + c] != 0
            count[y - first, x] = found


@compiled
def _add_rows(out, rows, picked, total):  # type: ignore[no-untyped-def]
    """out += sum of the picked rows."""
    k = 0
    while k + 8 <= total:
        a, b, c, d = rows[picked[k]], rows[picked[k + 1]], rows[picked[k + 2]], rows[picked[k + 3]]
        e, f, g, h = rows[picked[k + 4]], rows[picked[k + 5]], rows[picked[k + 6]], rows[picked[k + 7]]
        for m in range(out.shape[0]):
            out[m] += ((a[m] + b[m]) + (c[m] + d[m])) + ((e[m] + f[m]) + (g[m] + h[m]))
        k += 8
    while k < total:
        a = rows[picked[k]]
        for m in range(out.shape[0]):
            out[m] += a[m]
        k += 1


@compiled
def _add_weighted_rows(out, rows, picked, values, total):  # type: ignore[no-untyped-def]
    """out += sum of the picked rows, each times its input's value."""
    k = 0
    while k + 4 <= total:
        a, b, c, d = rows[picked[k]], rows[picked[k + 1]], rows[picked[k + 2]], rows[picked[k + 3]]
        va, vb, vc, vd = values[k], values[k + 1], values[k + 2], values[k + 3]
        for m in range(out.shape[0]):
            out[m] += (va * a[m] + vb * b[m]) + (vc * c[m] + vd * d[m])
        k += 4
    while k < total:
        a, va = rows[picked[k]], values[k]
        for m in range(out.shape[0]):
            out[m] += va * a[m]
        k += 1


@compiled
def _convolve(start, stop, x, rows, window, spikes, scale, shift, out):  # type: ignore[no-untyped-def]
    """Bands `start` to `stop` of the outputs, numbered image by image."""
    R, S, stride_y, stride_x, pad_y, pad_x, groups = window
    H, W, C = x.shape[1], x.shape[2], x.shape[3] // groups
    E, F, M = out.shape[1], out.shape[2], out.shape[3] // groups
    bands = (E + _BAND - 1) // _BAND
    height = (_BAND - 1) * stride_y + R
    index = np.empty((height, W, C), np.int32)
    count = np.empty((height, W), np.int32)
    picked = np.empty(R * S * C, np.int32)
    values = np.empty(R * S * C, rows.dtype)
    for job in range(start, stop):
        n, top = job // bands, job % bands * _BAND
        bottom = min(E, top + _BAND)
        first, last = max(0, top * stride_y - pad_y), min(H, (bottom - 1) * stride_y - pad_y + R)
        for g in range(groups):
            _list_events(x[n], first, last, g * C, C, index, count)
            for e in range(top, bottom):
                for f in range(F):
                    total = 0
                    for r in range(R):
                        y = e * stride_y - pad_y + r
                        if not 0 <= y < H:
                            continue
                        for s in range(S):
                            z = f * stride_x - pad_x + s
                            if not 0 <= z < W:
                                continue
                            row = (r * S + s) * C
                            for k in range(count[y - first, z]):
                                c = index[y - first, z, k]
                                picked[total] = row + c
                                if not spikes:
                                    values[total] = x[n, y, z, g * C + c]
                                total += 1
                    sums = out[n, e, f, g * M : (g + 1) * M]
                    sums[:] = 0
                    if spikes:
                        _add_rows(sums, rows[g], picked, total)
                    else:
                        _add_weighted_rows(sums, rows[g], picked, values, total)
                    for m in range(M):
                        sums[m] = sums[m] * scale[g * M + m] + shift[g * M + m]
