"""What an ONNX file says, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from numpy.typing import NDArray

from lifsim.lazy_dataclass import dataclass

Array = NDArray[Any]


@dataclass(frozen=True)
class OnnxNode:
    """One operation. op: as ONNX calls it, with its domain where that is another one; inputs: names of tensors, "" for
    what is left out; attributes: those that are given, tensors as arrays."""

    op: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def called(self) -> str:
        """Its name, or, for names are optional, that of what it puts out."""
        return self.name or next((one for one in self.outputs if one), "")

    def ints(self, name: str, otherwise: tuple[int, ...]) -> tuple[int, ...]:
        """An attribute that is a list of whole numbers. Raises ValueError if it is another one."""
        value = self.attributes.get(name, otherwise)
        if not isinstance(value, tuple) or not all(isinstance(one, int) for one in value):
            raise ValueError(f"{name} must be whole numbers")
        return value

    def whole(self, name: str, otherwise: int) -> int:
        """An attribute that is a whole number. Raises ValueError if it is another one."""
        value = self.attributes.get(name, otherwise)
        if not isinstance(value, int):
            raise ValueError(f"{name} must be a whole number")
        return value

    def real(self, name: str, otherwise: float) -> float:
        """An attribute that is a number. Raises ValueError if it is none."""
        value = self.attributes.get(name, otherwise)
        if not isinstance(value, int | float):
            raise ValueError(f"{name} must be a number")
        return float(value)

    def text(self, name: str, otherwise: str) -> str:
        """An attribute that is text. Raises ValueError if it is none."""
        value = self.attributes.get(name, otherwise)
        if not isinstance(value, str):
            raise ValueError(f"{name} must be text")
        return value


@dataclass(frozen=True)
class OnnxGraph:
    """The nodes in their order, in which each stands behind those that it reads.

    constants: the arrays of its initializers and Constant nodes. shapes: of tensors, by `onnx.shape_inference`, as far
    as they are known, of one image: the first axis is 1 where the file leaves the batch open. inputs: those that are to
    be given, with their shapes, None if an axis is open; 0 or less as it stands.
    """

    nodes: tuple[OnnxNode, ...]
    constants: Mapping[str, Array]
    shapes: Mapping[str, tuple[int, ...]]
    inputs: Mapping[str, tuple[int | None, ...]]
    outputs: tuple[str, ...]
    opset: int
    producer: str
