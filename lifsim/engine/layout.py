"""The layout of values in the engine: channels last, [timesteps, B, H, W, C] or [timesteps, B, F]."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def to_channels_first(x: Array) -> Array:
    """View [timesteps, B, C, H, W] of a map; vectors stay as they are."""
    return x if x.ndim == 3 else np.moveaxis(x, -1, 2)


def to_channels_last(x: Array) -> Array:
    """Contiguous [timesteps, B, H, W, C] of [timesteps, B, C, H, W]; vectors stay as they are."""
    return x if x.ndim == 3 else np.ascontiguousarray(np.moveaxis(x, 2, -1))


def as_pixels(x: Array, features: int | None) -> Array:
    """The inputs of a weight layer as the maps [timesteps*B, H, W, C] that the kernels read; for a flat layer of
    `features`, one pixel with all of them in the order (C, H, W)."""
    if features is None:
        return np.ascontiguousarray(x).reshape(-1, *x.shape[2:])
    return np.ascontiguousarray(to_channels_first(x)).reshape(-1, 1, 1, features)


def as_rows(x: Array) -> Array:
    """[timesteps, B * pixels, C] of a channels-last value, as the LIF kernels take it."""
    return np.ascontiguousarray(x).reshape(x.shape[0], -1, x.shape[-1])
