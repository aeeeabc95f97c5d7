"""The operands of an operation: computed tensors, and constants."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from lifsim.interchange.onnx.built import Built, Signal, as_map
from lifsim.interchange.onnx.graph import OnnxNode
from lifsim.lazy_dataclass import dataclass

Array = NDArray[Any]


@dataclass(frozen=True)
class Given:
    """One node, and what is known when it is reached. shapes: of tensors with the batch, as far as they are known."""

    node: OnnxNode
    built: Built
    signals: Mapping[str, Signal]
    constants: Mapping[str, Array]
    shapes: Mapping[str, tuple[int, ...]]

    def name(self, place: int) -> str:
        """The name of the input at this position, "" if there is none."""
        return self.node.inputs[place] if place < len(self.node.inputs) else ""

    def signal(self, place: int = 0) -> Signal:
        """The computed tensor at this position. Raises ValueError if it is a constant, or missing."""
        name = self.name(place)
        if name not in self.signals:
            what = "a constant" if name in self.constants else "missing"
            raise ValueError(f"input {place + 1} must be computed of the network's input, is {what}")
        return self.signals[name]

    def constant(self, place: int) -> Array | None:
        """The constant at this position; None if it is missing. Raises ValueError if it is computed."""
        name = self.name(place)
        if not name:
            return None
        if name not in self.constants:
            raise ValueError(f"input {place + 1}, {name!r}, must be a constant")
        return self.constants[name]

    def numbers(self, place: int, what: str) -> Array:
        """The constant at this position. Raises ValueError if it is missing, or has no numbers."""
        found = self.constant(place)
        if found is None or found.dtype.kind not in "fiu":
            raise ValueError(f"{what}, input {place + 1}, must be a constant of numbers")
        return found

    def ints(self, place: int, name: str) -> tuple[int, ...] | None:
        """Whole numbers that are an attribute in older versions and an input in newer ones. Raises ValueError."""
        if name in self.node.attributes:
            return self.node.ints(name, ())
        found = self.constant(place)
        if found is None:
            return None
        if found.dtype.kind not in "iu":
            raise ValueError(f"{name}, input {place + 1}, must be whole numbers")
        return tuple(int(one) for one in found.ravel())

    def dims(self) -> tuple[int, ...]:
        """The shape of the output, without the batch. Raises ValueError if it is unknown, or if its batch differs
        from that of the input."""
        first, shape = self.shapes.get(self.name(0)), self.shapes.get(self.node.outputs[0])
        if first is None or shape is None:
            raise ValueError("must put out a shape that is known beforehand: export with fixed sizes")
        if not shape or shape[:1] != first[:1]:
            raise ValueError(f"{list(first)} to {list(shape)} must leave the first axis, the batch, as it is")
        return shape[1:]


def by_channel(constant: Array, x: Signal) -> Array | None:
    """A constant that is broadcast over x with its batch, as one number per channel, or a single one; None if it
    differs within a channel. Raises ValueError if it does not fit."""
    whole = (1, *x.dims)
    padded = constant.reshape((1,) * (len(whole) - constant.ndim) + constant.shape)
    if padded.ndim != len(whole) or any(a not in (1, b) for a, b in zip(padded.shape, whole, strict=True)):
        raise ValueError(f"a constant of shape {list(constant.shape)} must fit {list(whole)}")
    if padded.size != padded.shape[1]:
        return None
    return padded.ravel() if padded.size == 1 or x.channels == x.shape[0] else None


def same_shape(x: Signal, dims: tuple[int, ...]) -> bool:
    """Whether x has these axes without a change of LIFSim's shape: flattened, or as the map that it is."""
    return len(dims) == 1 or (len(dims) <= 3 and as_map(dims) == x.shape)
