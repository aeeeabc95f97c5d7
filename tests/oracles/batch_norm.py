"""A batch norm in training by NumPy's own sums, array by array: [timesteps, B, ..., C]."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class BatchNorm:
    """Of values z with a gain and an offset, [C] each; over_time: all timesteps are one batch."""

    z: Array
    gain: Array
    offset: Array
    over_time: bool
    epsilon: float = 1e-5

    @property
    def axes(self) -> tuple[int, ...]:
        """Those of the pixels of a batch."""
        return tuple(range(0 if self.over_time else 1, self.z.ndim - 1))

    def mean(self) -> Array:
        """Of each channel, float64."""
        return self.z.mean(axis=self.axes, dtype=np.float64, keepdims=True)

    def variance(self) -> Array:
        """Biased, of each channel, of the distances that z's precision knows."""
        distances = self.z - self.mean().astype(self.z.dtype)
        return np.square(distances).mean(axis=self.axes, dtype=np.float64, keepdims=True)

    def normal(self) -> Array:
        """In z's precision."""
        inverse: Array = 1 / np.sqrt(self.variance() + self.epsilon)
        found: Array = (self.z - self.mean().astype(self.z.dtype)) * inverse.astype(self.z.dtype)
        return found

    def outputs(self) -> Array:
        """In z's precision."""
        found: Array = self.normal() * self.gain + self.offset
        return found

    def gradients(self, grad: Array) -> tuple[Array, Array, Array]:
        """Of z, the gain and the offset."""
        kind, normal = grad.dtype, self.normal()
        count = self.z.size // self.mean().size
        offset = grad.sum(axis=self.axes, dtype=np.float64, keepdims=True)
        slope = (grad * normal).sum(axis=self.axes, dtype=np.float64, keepdims=True)
        inner = grad - (offset / count).astype(kind) - normal * (slope / count).astype(kind)
        factor = (self.gain * (1 / np.sqrt(self.variance() + self.epsilon))).astype(kind)
        of_channels = (total.reshape(-1, self.z.shape[-1]).sum(axis=0).astype(kind) for total in (slope, offset))
        return inner * factor, *of_channels
