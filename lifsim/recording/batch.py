"""The batch that a model is recorded on: images, or spikes at every timestep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lifsim.engine.inference import not_finite
from lifsim.errors import Fault, InputError, shown
from lifsim.recording.tracker import array_of
from lifsim.units import counted

Array = NDArray[Any]


def given_batch(batch: Any, timesteps: int, time_axis: int | None) -> tuple[Sequence[Any], Array]:
    """What the model is called with, and the same as [timesteps or 1, B, ...]. Raises InputError."""
    many = isinstance(batch, list)
    tensors = batch if many else [batch]
    if not all(isinstance(one, torch.Tensor) for one in tensors) or not tensors:
        raise _fault(f"{shown(batch)} must be a tensor, or one a timestep")
    if many and (len(tensors) != timesteps or len({one.shape for one in tensors}) > 1):
        raise _fault(f"{len(tensors)} tensors must be timesteps={timesteps} of one shape")
    own = [one.detach().clone() for one in tensors]
    if not many and time_axis is None:
        return own, _checked(array_of(own[0])[None])
    if many and time_axis is not None:
        raise InputError(Fault("must not be given with one tensor a timestep", path="time_axis"))
    if many:
        arrays = np.stack([array_of(one) for one in own])
    elif time_axis not in (0, 1) or own[0].ndim < 3:
        raise InputError(Fault(f"{time_axis} must be 0 or 1, of [T, B, ...] or [B, T, ...]", path="time_axis"))
    else:
        arrays = np.moveaxis(array_of(own[0]), time_axis, 0)
    if len(arrays) != timesteps:
        raise _fault(f"has {counted(len(arrays), 'timestep')}, must have timesteps={timesteps}")
    _require_finite(arrays)
    if ((arrays == 0) | (arrays == 1)).all():
        return own, _checked(arrays)
    if (arrays == arrays[:1]).all():
        return own, _checked(arrays[:1])
    message = (
        "real values that change from timestep to timestep must be spikes, 0 or 1: LIFSim's networks read an image, "
        "the same at all timesteps, or spikes (encode them before recording)"
    )
    raise _fault(message)


def map_of(inputs: Array) -> tuple[int, ...]:
    """(F,) or (C, H, W) of inputs [timesteps, B, ...]; a signal [C, L] has one row."""
    shape = inputs.shape[2:]
    return (shape[0], 1, shape[1]) if len(shape) == 2 else shape


def _checked(inputs: Array) -> Array:
    if not 1 <= inputs.ndim - 2 <= 3 or inputs.size == 0:
        raise _fault(f"images {list(inputs.shape[1:])} must be [B, F], [B, C, L] or [B, C, H, W]")
    _require_finite(inputs)
    return inputs


def _require_finite(arrays: Array) -> None:
    """Raises InputError, as `lifsim.infer` does."""
    if broken := not_finite(arrays):
        raise _fault(broken)


def _fault(message: str) -> InputError:
    return InputError(Fault(message, path="batch"))
