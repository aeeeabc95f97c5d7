"""Batch norm in training, of [timesteps, B, H, W, C] or [timesteps, B, F].

`Network.norm_statistics` says of what its statistics are: each timestep is a batch of its own, or all timesteps are one
(what SpikingJelly's multi-step mode does), or they are the running ones, frozen: then the norm is a part of the weights
and neither it nor they change.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifsim.engine.weights import BN_EPSILON
from lifsim.errors import Fault, InputError
from lifsim.lazy_dataclass import dataclass

Array = NDArray[Any]

MOMENTUM = 0.1  # of the running statistics, as in PyTorch


@dataclass(frozen=True)
class Statistics:
    """Of each timestep and channel, [timesteps, C], or of all timesteps together, [1, C]; count: elements that they are
    of."""

    mean: Array
    variance: Array
    count: int
    over_time: bool = False

    @property
    def inverse_std(self) -> Array:
        """1 / sqrt(variance + eps)."""
        scale: Array = 1 / np.sqrt(self.variance + BN_EPSILON)
        return scale


def statistics(z: Array, name: str, *, over_time: bool = False) -> Statistics:
    """Mean and biased variance, summed in float64. Raises InputError if there is but one value a channel."""
    axes = _pixels(z, over_time=over_time)
    count = int(np.prod([z.shape[axis] for axis in axes]))
    if count == 1:
        raise InputError(Fault("batch norm in training must see more than one value a channel: a larger batch", name))
    mean = _by_channel(z.mean(axis=axes, dtype=np.float64))
    variance = np.square(z - _spread(mean, z)).mean(axis=axes, dtype=np.float64)
    return Statistics(mean, _by_channel(variance), count, over_time)


def normalised(z: Array, seen: Statistics) -> Array:
    """(z - mean) / sqrt(variance + eps)."""
    out: Array = (z - _spread(seen.mean, z)) * _spread(seen.inverse_std, z)
    return out


def gradient(grad: Array, normal: Array, gain: Array, seen: Statistics) -> tuple[Array, Array, Array]:
    """Gradients of z, the gain and the offset, from that of the output gain * normal + offset."""
    axes = _pixels(grad, over_time=seen.over_time)
    offset = _by_channel(grad.sum(axis=axes, dtype=np.float64))
    slope = _by_channel((grad * normal).sum(axis=axes, dtype=np.float64))
    inner = grad - _spread(offset / seen.count, grad) - normal * _spread(slope / seen.count, grad)
    out = inner * _spread(gain * seen.inverse_std, grad)
    return out, slope.sum(axis=0).astype(grad.dtype), offset.sum(axis=0).astype(grad.dtype)


def frozen_gradient(grad: Array, gain: Array, seen: Statistics) -> Array:
    """Gradient of z from that of the output, where statistics, gain and offset are constants."""
    out: Array = grad * _spread(gain * seen.inverse_std, grad)
    return out


def updated(running_mean: Array, running_var: Array, seen: Statistics) -> tuple[Array, Array]:
    """Running mean and (unbiased) variance after the timesteps in turn, or after all of them at once."""
    unbiased = seen.variance * (seen.count / (seen.count - 1))
    for mean, variance in zip(seen.mean, unbiased, strict=True):
        running_mean = (1 - MOMENTUM) * running_mean + MOMENTUM * mean
        running_var = (1 - MOMENTUM) * running_var + MOMENTUM * variance
    return running_mean, running_var


def _pixels(z: Array, *, over_time: bool) -> tuple[int, ...]:
    return tuple(range(0 if over_time else 1, z.ndim - 1))


def _by_channel(values: Array) -> Array:
    """[timesteps, C], one where the values are of all timesteps."""
    return np.atleast_2d(values)


def _spread(of_channels: Array, z: Array) -> Array:
    """[timesteps, C] along the pixels of z, in its precision."""
    timesteps, channels = of_channels.shape
    return of_channels.reshape(timesteps, *(1,) * (z.ndim - 2), channels).astype(z.dtype)
