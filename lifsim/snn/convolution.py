"""Convolution by events: an output pixel sums the weight rows of the inputs that are not zero.

Maps are channels last, [N, H, W, C], N = timesteps x images. A weight row belongs to one input of the window,
(r, s, c), and holds its M weights, so that a spike costs M additions in unit stride and a zero costs nothing. Sums run
in the order (r, s, c), eight rows at a time as a tree: the bits depend on the layer's own input and weights alone.
A linear layer is a 1 x 1 convolution of a one-pixel map.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from lifsim.snn.workers import Workers

Array = NDArray[Any]

_BAND = 4  # output rows per job: few enough to balance the threads, enough to share the event lists of their halos
_BLOCK = 32  # input channels per job of the weight gradient


@dataclass(frozen=True)
class Window:
    """How outputs look at inputs: output (e, f) reads input ((e*stride - padding + r) / dilation, ...) where whole.

    `dilation` spreads the inputs apart; it is the stride of the convolution that a transposed one undoes.
    in_shape: (C, H, W); out_shape: (M, E, F).
    """

    in_shape: tuple[int, int, int]
    out_shape: tuple[int, int, int]
    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    groups: int = 1
    dilation: tuple[int, int] = (1, 1)

    @classmethod
    def of_linear(cls, features: int, filters: int) -> Window:
        """The one-pixel window of a fully connected layer."""
        return cls((features, 1, 1), (filters, 1, 1), (1, 1))

    @property
    def transposed(self) -> Window:
        """The window that carries gradients of the outputs back to the inputs."""
        padding = (self.kernel[0] - 1 - self.padding[0], self.kernel[1] - 1 - self.padding[1])
        return Window(self.out_shape, self.in_shape, self.kernel, (1, 1), padding, self.groups, self.stride)

    @property
    def integers(self) -> tuple[int, ...]:
        """As the kernels take it."""
        return (*self.kernel, *self.stride, *self.padding, *self.dilation, self.groups)


def pack_weights(weights: Array, groups: int) -> Array:
    """Weight rows [groups, R*S*C/groups, M/groups] of OIHW weights [M, C/groups, R, S]."""
    filters, channels, rows, cols = weights.shape
    split = weights.reshape(groups, filters // groups, channels, rows, cols)
    return np.ascontiguousarray(split.transpose(0, 3, 4, 2, 1)).reshape(groups, rows * cols * channels, -1)


def unpack_weights(packed: Array, window: Window) -> Array:
    """OIHW weights of weight rows, the inverse of `pack_weights`."""
    groups, (rows, cols) = window.groups, window.kernel
    split = packed.reshape(groups, rows, cols, window.in_shape[0] // groups, window.out_shape[0] // groups)
    return np.ascontiguousarray(split.transpose(0, 4, 3, 1, 2)).reshape(window.out_shape[0], -1, rows, cols)


def pack_transposed(weights: Array, groups: int) -> Array:
    """Weight rows of the transposed convolution: the kernel turned by half a turn, filters and channels exchanged."""
    filters, channels, rows, cols = weights.shape
    split = weights.reshape(groups, filters // groups, channels, rows, cols)[..., ::-1, ::-1]
    return np.ascontiguousarray(split.transpose(0, 3, 4, 1, 2)).reshape(groups, rows * cols * (filters // groups), -1)


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


def weight_gradient(x: Array, grad: Array, window: Window, workers: Workers) -> Array:
    """OIHW gradient of the weights, of inputs x [N, H, W, C] and the gradient [N, E, F, M] of the outputs."""
    _check(x, window.in_shape)
    _check(grad, window.out_shape)
    groups, (rows, cols) = window.groups, window.kernel
    channels = window.in_shape[0] // groups
    packed = np.zeros((groups, rows * cols * channels, window.out_shape[0] // groups), grad.dtype)
    blocks = -(-channels // _BLOCK)
    workers.run(_weight_gradient, groups * rows * cols * blocks, x, grad, window.integers, packed)
    return unpack_weights(packed, window)


def _check(maps: Array, shape: tuple[int, int, int]) -> None:
    """The kernels trust their shapes."""
    channels, height, width = shape
    if maps.ndim != 4 or maps.shape[1:] != (height, width, channels):
        raise ValueError(f"maps {maps.shape} must be [N, {height}, {width}, {channels}]")


@njit(cache=True, nogil=True)
def _list_events(image, first, last, base, channels, index, count):  # type: ignore[no-untyped-def]
    """Channels that are not zero, of each pixel of rows `first` to `last`."""
    for y in range(first, last):
        for x in range(image.shape[1]):
            found = 0
            for c in range(channels):
                index[y - first, x, found] = c
                found += image[y, x, base + c] != 0
            count[y - first, x] = found


@njit(cache=True, nogil=True)
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


@njit(cache=True, nogil=True)
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


@njit(cache=True, nogil=True)
def _convolve(start, stop, x, rows, window, spikes, scale, shift, out):  # type: ignore[no-untyped-def]
    """Bands `start` to `stop` of the outputs, numbered image by image."""
    R, S, stride_y, stride_x, pad_y, pad_x, dil_y, dil_x, groups = window
    H, W, C = x.shape[1], x.shape[2], x.shape[3] // groups
    E, F, M = out.shape[1], out.shape[2], out.shape[3] // groups
    bands = (E + _BAND - 1) // _BAND
    height = ((_BAND - 1) * stride_y + R - 1) // dil_y + 2
    index = np.empty((height, W, C), np.int32)
    count = np.empty((height, W), np.int32)
    picked = np.empty(R * S * C, np.int32)
    values = np.empty(R * S * C, rows.dtype)
    for job in range(start, stop):
        n, top = job // bands, job % bands * _BAND
        bottom = min(E, top + _BAND)
        first = max(0, -((pad_y - top * stride_y) // dil_y))
        last = min(H, ((bottom - 1) * stride_y - pad_y + R - 1) // dil_y + 1)
        for g in range(groups):
            _list_events(x[n], first, last, g * C, C, index, count)
            for e in range(top, bottom):
                for f in range(F):
                    total = 0
                    for r in range(R):
                        y = e * stride_y - pad_y + r
                        if y % dil_y or not 0 <= y < H * dil_y:
                            continue
                        y //= dil_y
                        for s in range(S):
                            z = f * stride_x - pad_x + s
                            if z % dil_x or not 0 <= z < W * dil_x:
                                continue
                            z //= dil_x
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


@njit(cache=True, nogil=True)
def _weight_gradient(start, stop, x, grad, window, packed):  # type: ignore[no-untyped-def]
    """Blocks of weight rows: job = (group, kernel position, block of input channels); sums in the order of outputs."""
    R, S, stride_y, stride_x, pad_y, pad_x, _, _, groups = window
    H, W, C = x.shape[1], x.shape[2], x.shape[3] // groups
    M = grad.shape[3] // groups
    blocks = (C + _BLOCK - 1) // _BLOCK
    for job in range(start, stop):
        g, position, block = job // (R * S * blocks), job // blocks % (R * S), job % blocks
        r, s = position // S, position % S
        low, high = block * _BLOCK, min(C, (block + 1) * _BLOCK)
        for n in range(grad.shape[0]):
            for e in range(grad.shape[1]):
                y = e * stride_y - pad_y + r
                if not 0 <= y < H:
                    continue
                for f in range(grad.shape[2]):
                    z = f * stride_x - pad_x + s
                    if not 0 <= z < W:
                        continue
                    delta = grad[n, e, f, g * M : (g + 1) * M]
                    for c in range(low, high):
                        value = x[n, y, z, g * C + c]
                        if value != 0:
                            target = packed[g, position * C + c]
                            for m in range(M):
                                target[m] += delta[m] * value
