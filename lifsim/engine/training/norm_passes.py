"""The passes of a batch norm over its pixels: z, gradients and outputs are [batches, pixels, C], statistics of each
batch [batches, C], parameters [C].

Each sum is over one channel of one batch, in float64, pixel after pixel. A job is a block of channels, so that no bit
depends on the threads; its sums stay in registers. All else is elementwise in the precision of z.
"""

from __future__ import annotations

import numpy as np

from lifsim.engine.jit import compiled
from lifsim.engine.lanes import converted, load, some, store

BLOCK = 16  # channels of a job: a cache line of float32


@compiled
def moments(start, stop, z, mean, variance):  # type: ignore[no-untyped-def]
    """Fill `mean` and the biased `variance`, which must be zeros, for blocks `start` to `stop`, counted batch by
    batch."""
    blocks, pixels, channels = (z.shape[2] + BLOCK - 1) // BLOCK, z.shape[1], z.shape[2]
    row, nothing, middle = some(z, BLOCK), some(mean, BLOCK), np.empty(BLOCK, z.dtype)
    for job in range(start, stop):
        n, first = job // blocks, job % blocks * BLOCK
        size, of_batch, here = min(BLOCK, channels - first), n * pixels * channels + first, n * channels + first
        sums, squares = mean[n, first : first + BLOCK], variance[n, first : first + BLOCK]
        if size == BLOCK:
            total = nothing
            for p in range(pixels):
                total = total + load(total, z, of_batch + p * channels)
            store(total, mean, here)
        else:
            for p in range(pixels):
                for c in range(size):
                    sums[c] += z[n, p, first + c]
        for c in range(size):
            sums[c] /= pixels
            middle[c] = sums[c]
        if size == BLOCK:
            total, center = nothing, load(row, middle, 0)
            for p in range(pixels):
                distance = load(row, z, of_batch + p * channels) - center
                total = total + converted(total, distance * distance)
            store(total, variance, here)
        else:
            for p in range(pixels):
                for c in range(size):
                    step = z[n, p, first + c] - middle[c]
                    squares[c] += step * step
        for c in range(size):
            squares[c] /= pixels


@compiled
def normalise(start, stop, z, mean, inverse_std, gain, offset, out):  # type: ignore[no-untyped-def]
    """out = gain * normal + offset, of pixels `start` to `stop` of every batch; normal = (z - mean) * inverse_std."""
    for n in range(z.shape[0]):
        for p in range(start, stop):
            for c in range(z.shape[2]):
                out[n, p, c] = (z[n, p, c] - mean[n, c]) * inverse_std[n, c] * gain[c] + offset[c]


@compiled
def sum_slopes(start, stop, grad, z, mean, inverse_std, offset, slope):  # type: ignore[no-untyped-def]
    """offset = sum of grad, slope = sum of grad * normal; both must be zeros before."""
    blocks, pixels, channels = (z.shape[2] + BLOCK - 1) // BLOCK, z.shape[1], z.shape[2]
    row, nothing = some(z, BLOCK), some(offset, BLOCK)
    for job in range(start, stop):
        n, first = job // blocks, job % blocks * BLOCK
        size, of_batch, here = min(BLOCK, channels - first), n * pixels * channels + first, n * channels + first
        if size == BLOCK:
            plain = total = nothing
            middle, scale = load(row, mean, here), load(row, inverse_std, here)
            for p in range(pixels):
                place = of_batch + p * channels
                grads = load(row, grad, place)
                plain = plain + converted(plain, grads)
                total = total + converted(total, grads * ((load(row, z, place) - middle) * scale))
            store(plain, offset, here)
            store(total, slope, here)
            continue
        for p in range(pixels):
            for c in range(first, first + size):
                offset[n, c] += grad[n, p, c]
                slope[n, c] += grad[n, p, c] * ((z[n, p, c] - mean[n, c]) * inverse_std[n, c])


@compiled
def back(start, stop, grad, z, mean, inverse_std, offset, slope, factor, out):  # type: ignore[no-untyped-def]
    """out = (grad - offset - normal * slope) * factor, of pixels `start` to `stop` of every batch."""
    for n in range(z.shape[0]):
        for p in range(start, stop):
            for c in range(z.shape[2]):
                normal = (z[n, p, c] - mean[n, c]) * inverse_std[n, c]
                out[n, p, c] = (grad[n, p, c] - offset[n, c] - normal * slope[n, c]) * factor[n, c]
