"""Constants that a file computes from others: exporters transpose weights and pass them on under other names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifsim.interchange.onnx.graph import OnnxGraph, OnnxNode

Array = NDArray[Any]


def folded(graph: OnnxGraph) -> tuple[list[OnnxNode], dict[str, Array]]:
    """The nodes that remain, and all constants."""
    constants, left = dict(graph.constants), list[OnnxNode]()
    for node in graph.nodes:
        given = [constants.get(one) for one in node.inputs if one]
        compute = _OPERATIONS.get(node.op)
        made = None
        if compute is not None and given and all(one is not None for one in given):
            made = compute(node, given, graph.shapes)
        if made is None:
            left.append(node)
        else:
            constants[node.outputs[0]] = made
    return left, constants


def _same(_node: OnnxNode, given: list[Any], _shapes: Mapping[str, tuple[int, ...]]) -> Array | None:
    array: Array = given[0]
    return array


def _turned(node: OnnxNode, given: list[Any], _shapes: Mapping[str, tuple[int, ...]]) -> Array | None:
    array: Array = given[0]
    order = node.attributes.get("perm", tuple(reversed(range(array.ndim))))
    return array.transpose(order) if sorted(order) == list(range(array.ndim)) else None


def _in_shape(node: OnnxNode, given: list[Any], shapes: Mapping[str, tuple[int, ...]]) -> Array | None:
    array: Array = given[0]
    shape = shapes.get(node.outputs[0])
    return array.reshape(shape) if shape is not None and np.prod(shape, dtype=object) == array.size else None


def _as_floats(node: OnnxNode, given: list[Any], _shapes: Mapping[str, tuple[int, ...]]) -> Array | None:
    array: Array = given[0]
    kinds = {1: np.float32, 10: np.float32, 16: np.float32, 11: np.float64, 6: np.int32, 7: np.int64}
    kind = kinds.get(node.attributes.get("to", 0))
    return None if kind is None else array.astype(kind)


_OPERATIONS: Mapping[str, Callable[[OnnxNode, list[Any], Mapping[str, tuple[int, ...]]], Array | None]] = {
    "Identity": _same,
    "Transpose": _turned,
    "Reshape": _in_shape,
    "Squeeze": _in_shape,
    "Unsqueeze": _in_shape,
    "Flatten": _in_shape,
    "Cast": _as_floats,
}
