"""How many ones an output pixel sees: all that a zero-skipping array needs of its spikes.

A PE row works through the ones of its pixel's receptive field. Their number is a box filter over the per-pixel sum of
the channels, so no im2col is ever built: a map costs at most C*H*W + (R + S)*H*W additions instead of C*R*S*E*F.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ones = NDArray[np.signedinteger[Any]]

_UINT8_CHANNELS = 255  # channels whose sum fits uint8, in which NumPy adds fastest

_ADDED = 16  # neighbours that are added one by one faster than as differences of cumulative sums
_TOGETHER = 1 << 18  # values whose cumulative sums are held at once


def ones_per_pixel(
    spikes: NDArray[np.uint8],
    kernel: tuple[int, int],
    stride: tuple[int, int] = (1, 1),
    padding: tuple[int, int] = (0, 0),
    groups: int = 1,
) -> Ones:
    """Ones in the receptive field of every output pixel, per group of the convolution: `[N, groups, E, F]`.

    spikes: 0 or 1, uint8 or bool, `[N, C, H, W]`, or `[N, X]` for a linear layer, which is one pixel:
    `[N, 1, 1, 1]`. kernel (R, S), stride, padding: (vertical, horizontal), as in the convolution, E = (H + 2P - R) //
    stride + 1; padding holds no ones. The sum over all pixels, times the filters of a group, is the effective MACs.
    Integers are as `ones_type` says.
    """
    if spikes.ndim == 2:
        spikes = spikes[:, :, None, None]
    return ones_of_parts([spikes], spikes.shape, kernel, stride, padding, groups)


def ones_of_parts(
    parts: Iterable[NDArray[np.uint8]],
    shape: tuple[int, ...],
    kernel: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int],
    groups: int,
) -> Ones:
    """`ones_per_pixel` of spikes of `shape` `[N, C, H, W]` that come in `parts`, `[N, some of C, H, W]` each, none of
    which is looked at when the next one is there."""
    images, channels, height, width = shape
    top, left = (p if size <= _ADDED else 0 for p, size in zip(padding, kernel, strict=True))
    of_group = channels // groups
    padded = np.zeros((images, groups, height + 2 * top, width + 2 * left), ones_type(of_group, kernel))
    sums, first = padded[:, :, top : top + height, left : left + width], 0
    for part in parts:
        last = first + part.shape[1]
        if last - first == channels:
            channel_sums(part.reshape(images, groups, of_group, height, width), out=sums)
        else:
            for group in range(first // of_group, -(-last // of_group)):
                begin, end = max(first, group * of_group), min(last, (group + 1) * of_group)
                channel_sums(part[:, None, begin - first : end - first], out=sums[:, group : group + 1])
        first = last
    for axis, size, step, beyond in zip((2, 3), kernel, stride, padding, strict=True):
        if size <= _ADDED:
            padded = _added(padded, size, step, axis)
        else:
            padded = np.moveaxis(_differences(np.moveaxis(padded, axis, -1), size, step, beyond), -1, axis)
    return padded


def ones_type(channels: int, kernel: tuple[int, int]) -> np.dtype[np.signedinteger[Any]]:
    """The smallest signed type, int8 or larger, that holds the size of the receptive field, so that counts of large
    maps, and of many images, take little memory."""
    return np.min_scalar_type(-channels * prod(kernel) - 1)


def channel_sums(spikes: NDArray[np.uint8], out: Ones) -> None:
    """Add 0/1 spikes `[N, groups, C, H, W]`, summed over C, to `out` `[N, groups, H, W]`."""
    for start in range(0, spikes.shape[2], _UINT8_CHANNELS):
        part = spikes[:, :, start : start + _UINT8_CHANNELS]
        out += np.add.reduce(part.view(np.uint8), axis=2, dtype=np.uint8)


def _added(values: Ones, size: int, stride: int, axis: int) -> Ones:
    """Sums of `size` neighbours along `axis`, every `stride`-th of them."""
    lead = (slice(None),) * axis
    span = (values.shape[axis] - size) // stride * stride + 1
    total = values[(*lead, slice(0, span, stride))].copy()
    for offset in range(1, size):
        total += values[(*lead, slice(offset, offset + span, stride))]
    return total


def _differences(values: Ones, size: int, stride: int, padding: int) -> Ones:
    """The same of values `[N, groups, lines, n]` along the last axis, with zeros before and behind them that are never
    there: some lines after the other, since cumulative sums of a large map are as large."""
    length = values.shape[-1]
    outputs = (length + 2 * padding - size) // stride + 1
    total = np.empty((*values.shape[:-1], outputs), values.dtype)
    together = max(1, _TOGETHER // (values.shape[0] * values.shape[1] * length))
    for line in range(0, values.shape[2], together):
        some = values[:, :, line : line + together]
        sums = np.zeros((*some.shape[:-1], length + 2 * padding + 1), values.dtype)
        here = sums[..., padding + 1 : padding + 1 + length]
        np.cumsum(some, -1, sums.dtype, out=here)  # of what overflows, differences are right
        sums[..., padding + 1 + length :] = here[..., -1:]
        total[:, :, line : line + together] = sums[..., size::stride] - sums[..., :-size:stride]
    return total
