"""Batch norm in training, of [timesteps, B, H, W, C] or [timesteps, B, F].

`Network.norm_statistics` says over what statistics are taken: each timestep is a batch of its own, or all timesteps are
one batch (as in SpikingJelly's multi-step mode), or they are the running statistics, frozen: then the norm is part of
the weights and does not change.

Only the raw values z are kept between the passes. Normalised values are computed from them again, in registers, which
is cheaper than reading them from memory.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifsim.engine.training.norm_passes import BLOCK, back, moments, normalise, sum_slopes
from lifsim.engine.weights import BN_EPSILON
from lifsim.engine.workers import Workers
from lifsim.errors import Fault, InputError
from lifsim.lazy_dataclass import dataclass

Array = NDArray[Any]
Pass = Callable[..., None]

MOMENTUM = 0.1  # of the running statistics, as in PyTorch


@dataclass(frozen=True)
class Statistics:
    """Statistics of each timestep and channel, [timesteps, C], or of all timesteps together, [1, C]; count: the
    number of elements in each."""

    mean: Array
    variance: Array
    count: int

    @property
    def inverse_std(self) -> Array:
        """1 / sqrt(variance + eps)."""
        scale: Array = 1 / np.sqrt(self.variance + BN_EPSILON)
        return scale


def statistics(z: Array, name: str, workers: Workers, *, over_time: bool = False) -> Statistics:
    """Mean and biased variance, summed in float64. Raises InputError if there is but one value a channel."""
    batches = 1 if over_time else z.shape[0]
    count = math.prod(z.shape[:-1]) // batches
    if count == 1:
        raise InputError(Fault("batch norm in training must see more than one value a channel: a larger batch", name))
    rows = _rows(z, batches)
    mean, variance = np.zeros((2, batches, z.shape[-1]))
    _sum(moments, workers, rows, mean, variance)
    return Statistics(mean, variance, count)


def normed(z: Array, seen: Statistics, gain: Array, offset: Array, workers: Workers) -> Array:
    """gain * (z - mean) / sqrt(variance + eps) + offset, of z's shape and precision; gain, offset: [C]."""
    rows = _rows(z, len(seen.mean))
    out = np.empty_like(rows)
    normal = _as(z, seen.mean, seen.inverse_std)
    _each_pixel(normalise, workers, rows, *normal, *_as(z, gain, offset), out)
    return out.reshape(z.shape)


def gradient(grad: Array, z: Array, gain: Array, seen: Statistics, workers: Workers) -> tuple[Array, Array, Array]:
    """Gradients of z, the gain and the offset, from that of the output gain * normal + offset."""
    rows, grads = _rows(z, len(seen.mean)), _rows(grad, len(seen.mean))
    normal = _as(grad, seen.mean, seen.inverse_std)
    offset, slope = np.zeros((2, *seen.mean.shape))
    _sum(sum_slopes, workers, grads, rows, *normal, offset, slope)
    out = np.empty_like(grads)
    factors = _as(grad, offset / seen.count, slope / seen.count, gain * seen.inverse_std)
    _each_pixel(back, workers, grads, rows, *normal, *factors, out)
    return out.reshape(grad.shape), slope.sum(axis=0).astype(grad.dtype), offset.sum(axis=0).astype(grad.dtype)


def frozen_gradient(grad: Array, gain: Array, seen: Statistics) -> Array:
    """Gradient of z from that of the output, where statistics, gain and offset are constants."""
    (factor,) = _as(grad, gain * seen.inverse_std)
    out: Array = grad * factor[0]
    return out


def updated(running_mean: Array, running_var: Array, seen: Statistics) -> tuple[Array, Array]:
    """Running mean and (unbiased) variance after the timesteps in turn, or after all of them at once."""
    unbiased = seen.variance * (seen.count / (seen.count - 1))
    running = np.stack([running_mean, running_var])
    for now in np.stack([seen.mean, unbiased], axis=1):
        running = (1 - MOMENTUM) * running + MOMENTUM * now
    return running[0], running[1]


def _rows(z: Array, batches: int) -> Array:
    """[batches, pixels, C]: the pixels that have statistics in common."""
    return np.ascontiguousarray(z).reshape(batches, -1, z.shape[-1])


def _sum(kernel: Pass, workers: Workers, rows: Array, *others: Array) -> None:
    """A pass that sums rows [batches, pixels, C]."""
    batches, pixels, channels = rows.shape
    workers.run(kernel, batches * -(-channels // BLOCK), rows, *others, elements=pixels * min(channels, BLOCK))


def _each_pixel(kernel: Pass, workers: Workers, rows: Array, *others: Array) -> None:
    """A pass that makes a value of each of rows [batches, pixels, C]."""
    batches, pixels, channels = rows.shape
    workers.run(kernel, pixels, rows, *others, elements=batches * channels)


def _as(like: Array, *of_channels: Array) -> tuple[Array, ...]:
    """The arrays, contiguous and in the precision of `like`."""
    return tuple(np.ascontiguousarray(values, like.dtype) for values in of_channels)
