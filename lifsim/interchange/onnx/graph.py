"""The content of an ONNX file as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from numpy.typing import NDArray

from lifsim.lazy_dataclass import dataclass

Array = NDArray[Any]


@dataclass(frozen=True)
class OnnxNode:
    """One operation. op: ONNX's name, preceded by its domain if that is another one. inputs: names of tensors, ""
    for one that is left out. attributes: those that are given, tensors as arrays."""

    op: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def called(self) -> str:
        """Its name, or, since names are optional, that of its output."""
        return self.name or next((one for one in self.outputs if one), "")

    def ints(self, name: str, otherwise: tuple[int, ...]) -> tuple[int, ...]:
        """An attribute that must be a list of whole numbers. Raises ValueError if it is not."""
        value = self.attributes.get(name, otherwise)
        if not isinstance(value, tuple) or not all(isinstance(one, int) for one in value):
            raise ValueError(f"{name} must be whole numbers")
        return value

    def whole(self, name: str, otherwise: int) -> int:
        """An attribute that must be a whole number. Raises ValueError if it is not."""
        value = self.attributes.get(name, otherwise)
        if not isinstance(value, int):
            raise ValueError(f"{name} must be a whole number")
        return value

    def real(self, name: str, otherwise: float) -> float:
        """An attribute that must be a number. Raises ValueError if it is not."""
        value = self.attributes.get(name, otherwise)
        if not isinstance(value, int | float):
            raise ValueError(f"{name} must be a number")
        return float(value)

    def text(self, name: str, otherwise: str) -> str:
        """An attribute that must be text. Raises ValueError if it is not."""
        value = self.attributes.get(name, otherwise)
        if not isinstance(value, str):
            raise ValueError(f"{name} must be text")
        return value


@dataclass(frozen=True)
class OnnxGraph:
    """A graph; each of its nodes stands behind those whose outputs it reads.

    constants: the arrays of its initializers and Constant nodes. shapes: of tensors for one image, by
    `onnx.shape_inference`, as far as they are known: the first axis is 1 if the file leaves the batch open. inputs:
    the inputs that must be given, with their shapes; None if an axis is open, 0 or negative axes unchanged.
    """

    nodes: tuple[OnnxNode, ...]
    constants: Mapping[str, Array]
    shapes: Mapping[str, tuple[int, ...]]
    inputs: Mapping[str, tuple[int | None, ...]]
    outputs: tuple[str, ...]
    opset: int
    producer: str
