"""How many ones an output pixel sees: all that a zero-skipping array needs to know about its spikes.

A PE row works through the ones of its pixel's receptive field. Their number is a box filter over the per-pixel sum of
the channels, so no im2col is ever built: a map costs at most C*H*W + (R + S)*H*W additions instead of C*R*S*E*F.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_UINT8_CHANNELS = 255  # channels whose sum fits uint8, in which NumPy adds fastest

_ADDED = 16  # neighbours that are added one by one faster than as differences of cumulative sums
_TOGETHER = 1 << 18  # values whose cumulative sums are held at once


def ones_per_pixel(
    spikes: NDArray[np.uint8],
    kernel: tuple[int, int],
    stride: tuple[int, int] = (1, 1),
    padding: tuple[int, int] = (0, 0),
    groups: int = 1,
) -> NDArray[np.int32]:
    """Ones in the receptive field of every output pixel, per group of the convolution: `[N, groups, E, F]`.

    spikes: 0 or 1, uint8 or bool, `[N, C, H, W]`, or `[N, X]` for a linear layer, which is one pixel:
    `[N, 1, 1, 1]`. kernel (R, S), stride, padding: (vertical, horizontal), as in the convolution, E = (H + 2P - R) //
    stride + 1; padding holds no ones. The sum over all pixels, times the filters of a group, is the effective MACs.
    """
    if spikes.ndim == 2:
        spikes = spikes[:, :, None, None]
    images, channels, height, width = spikes.shape
    by_group = spikes.reshape(images, groups, channels // groups, height, width)
    top, left = (p if size <= _ADDED else 0 for p, size in zip(padding, kernel, strict=True))
    padded = np.zeros((images, groups, height + 2 * top, width + 2 * left), np.int32)
    channel_sums(by_group, out=padded[:, :, top : top + height, left : left + width])
    for axis, size, step, beyond in zip((2, 3), kernel, stride, padding, strict=True):
        if size <= _ADDED:
            padded = _added(padded, size, step, axis)
        else:
            padded = np.moveaxis(_differences(np.moveaxis(padded, axis, -1), size, step, beyond), -1, axis)
    return padded


def channel_sums(spikes: NDArray[np.uint8], out: NDArray[np.int32]) -> None:
    """Sum 0/1 spikes `[N, groups, C, H, W]` over C into `out` `[N, groups, H, W]`, zero at first."""
    for start in range(0, spikes.shape[2], _UINT8_CHANNELS):
        part = spikes[:, :, start : start + _UINT8_CHANNELS]
        out += np.add.reduce(part.view(np.uint8), axis=2, dtype=np.uint8)


def _added(values: NDArray[np.int32], size: int, stride: int, axis: int) -> NDArray[np.int32]:
    """Sums of `size` neighbours along `axis`, every `stride`-th of them."""
    lead = (slice(None),) * axis
    span = (values.shape[axis] - size) // stride * stride + 1
    total = values[(*lead, slice(0, span, stride))].copy()
    for offset in range(1, size):
        total += values[(*lead, slice(offset, offset + span, stride))]
    return total


def _differences(values: NDArray[np.int32], size: int, stride: int, padding: int) -> NDArray[np.int32]:
    """The same of values `[N, groups, lines, n]` along the last axis, with zeros before and behind them that are never
    there: some lines after the other, since cumulative sums of a large map are as large."""
    length = values.shape[-1]
    begin = np.arange(0, length + 2 * padding - size + 1, stride) - padding
    first, last = np.clip(begin, 0, length), np.clip(begin + size, 0, length)
    total = np.empty((*values.shape[:-1], begin.size), np.int32)
    together = max(1, _TOGETHER // (values.shape[0] * values.shape[1] * length))
    for line in range(0, values.shape[2], together):
        some = values[:, :, line : line + together]
        sums = np.zeros((*some.shape[:-1], length + 1), np.int32)
        np.cumsum(some, -1, out=sums[..., 1:])  # of what overflows, differences are right
        total[:, :, line : line + together] = sums[..., last] - sums[..., first]
    return total
