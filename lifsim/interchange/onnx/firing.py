"""Activations that neurons replace."""

from __future__ import annotations

import numpy as np

from lifsim.interchange.onnx.built import Signal, name_of
from lifsim.interchange.onnx.operands import Given
from lifsim.interchange.onnx.windows import unpadded


def relu(given: Given) -> Signal:
    """Relu becomes neurons, or nothing if it reads neurons."""
    x = unpadded(given.signal(), given.node)
    if x.spikes:
        given.built.note(given.node.called, f"{given.node.op} of what neurons put out, and is never negative: left out")
        return x
    own = given.built.add(name_of(given.node), "lif", [x], {})
    return Signal(own, x.dims, x.shape, spikes=True)


def clip(given: Given) -> Signal:
    """Clip with lower bound 0, such as ReLU6, becomes neurons; their rates have an upper bound of their own."""
    low, high = (_bound(given, place, name) for place, name in ((1, "min"), (2, "max")))
    if low != 0 or not high > 0:
        raise ValueError(f"from {low:g} to {high:g} must be from 0 to more: only that is a ReLU")
    if np.isfinite(high) and not given.signal().spikes:
        given.built.note(given.node.called, f"Clip from 0 to {high:g} is a ReLU: its upper end is left out")
    return relu(given)


def _bound(given: Given, place: int, name: str) -> float:
    """A bound: an attribute in older versions, an input in newer ones."""
    if name in given.node.attributes:
        return given.node.real(name, 0.0)
    found = given.constant(place)
    if found is None:
        return float("-inf" if name == "min" else "inf")
    if found.size != 1 or found.dtype.kind not in "fiu":
        raise ValueError(f"{name} must be one number")
    return float(found.ravel()[0])
