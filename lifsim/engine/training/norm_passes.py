"""The passes of a batch norm over its pixels: z, gradients and outputs are [batches, pixels, C], what is of a batch
[batches, C], of all [C].

Sums are of one channel of one batch, in float64, pixel after pixel: jobs are blocks of channels, so that no bit depends
on the threads. All else is pixel by pixel in the precision of z.
"""

from __future__ import annotations

import numpy as np

from lifsim.engine.jit import compiled

BLOCK = 16  # channels of a job: a cache line of float32


@compiled
def moments(start, stop, z, mean, variance):  # type: ignore[no-untyped-def]
    """mean and biased variance, zeros, of blocks `start` to `stop`, counted batch by batch."""
    blocks, pixels = (z.shape[2] + BLOCK - 1) // BLOCK, z.shape[1]
    middle = np.empty(BLOCK, z.dtype)
    for job in range(start, stop):
        n, first = job // blocks, job % blocks * BLOCK
        total, squares = mean[n, first : first + BLOCK], variance[n, first : first + BLOCK]
        for p in range(pixels):
            row = z[n, p, first : first + BLOCK]
            for c in range(total.size):
                total[c] += row[c]
        for c in range(total.size):
            total[c] /= pixels
            middle[c] = total[c]
        for p in range(pixels):
            row = z[n, p, first : first + BLOCK]
            for c in range(squares.size):
                distance = row[c] - middle[c]
                squares[c] += distance * distance
        for c in range(squares.size):
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
    """offset = sum of grad, slope = sum of grad * normal."""
    blocks = (z.shape[2] + BLOCK - 1) // BLOCK
    for job in range(start, stop):
        n, first = job // blocks, job % blocks * BLOCK
        plain, total = offset[n, first : first + BLOCK], slope[n, first : first + BLOCK]
        middle, scale = mean[n, first : first + BLOCK], inverse_std[n, first : first + BLOCK]
        for p in range(z.shape[1]):
            row, grads = z[n, p, first : first + BLOCK], grad[n, p, first : first + BLOCK]
            for c in range(total.size):
                plain[c] += grads[c]
                total[c] += grads[c] * ((row[c] - middle[c]) * scale[c])


@compiled
def back(start, stop, grad, z, mean, inverse_std, offset, slope, factor, out):  # type: ignore[no-untyped-def]
    """out = (grad - offset - normal * slope) * factor, of pixels `start` to `stop` of every batch."""
    for n in range(z.shape[0]):
        for p in range(start, stop):
            for c in range(z.shape[2]):
                normal = (z[n, p, c] - mean[n, c]) * inverse_std[n, c]
                out[n, p, c] = (grad[n, p, c] - offset[n, c] - normal * slope[n, c]) * factor[n, c]
