"""How many ones an output pixel sees: all that a zero-skipping array needs to know about its spikes.

A PE row works through the ones of its pixel's receptive field. Their number is a box filter over the per-pixel sum of
the channels, so no im2col is ever built: a map costs at most C*H*W + (R + S)*H*W additions instead of C*R*S*E*F.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_UINT8_CHANNELS = 255  # channels whose sum fits uint8, in which NumPy adds fastest

_ADDED = 16  # neighbours that are added one by one faster than as differences of cumulative sums


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
    padded = np.zeros((images, groups, height + 2 * padding[0], width + 2 * padding[1]), np.int32)
    inner = padded[:, :, padding[0] : padding[0] + height, padding[1] : padding[1] + width]
    channel_sums(by_group, out=inner)
    return _sliding_sum(_sliding_sum(padded, kernel[0], stride[0], axis=2), kernel[1], stride[1], axis=3)


def channel_sums(spikes: NDArray[np.uint8], out: NDArray[np.int32]) -> None:
    """Sum 0/1 spikes `[N, groups, C, H, W]` over C into `out` `[N, groups, H, W]`, zero at first."""
    for start in range(0, spikes.shape[2], _UINT8_CHANNELS):
        part = spikes[:, :, start : start + _UINT8_CHANNELS]
        out += np.add.reduce(part.view(np.uint8), axis=2, dtype=np.uint8)


def _sliding_sum(values: NDArray[np.int32], size: int, stride: int, axis: int) -> NDArray[np.int32]:
    """Sums of `size` neighbours along `axis`, every `stride`-th of them."""
    count = (values.shape[axis] - size) // stride + 1
    lead = (slice(None),) * axis
    span = (count - 1) * stride + 1
    if size > _ADDED:
        sums = np.cumsum(values, axis, np.int32)  # of what overflows, differences are right
        total = sums[(*lead, slice(size - 1, size - 1 + span, stride))].copy()
        total[(*lead, slice(1, None))] -= sums[(*lead, slice(stride - 1, span - 1, stride))]
        return total
    total = values[(*lead, slice(0, span, stride))].copy()
    for offset in range(1, size):
        total += values[(*lead, slice(offset, offset + span, stride))]
    return total
