"""The workload under construction: its layers and weights, and the tensors of the file that have been reached."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifsim.interchange.onnx.graph import OnnxNode
from lifsim.lazy_dataclass import dataclass

Array = NDArray[Any]

Pads = tuple[int, int, int, int]
"""Padding: rows above, columns to the left, rows below, columns to the right."""

NO_PADS: Pads = (0, 0, 0, 0)
MAX_NAME = 56
_OF_NO_MODULE = ("Add", "Sum")
"""Operations that a module performs besides those of its parts."""


@dataclass(frozen=True)
class Signal:
    """A tensor that is computed from the input.

    layer: the layer of the workload whose output it is. dims: its shape in the file, without the batch. shape: that
    layer's; flattening changes only dims. product: the layer of weights whose output it is, if nothing stands
    between. spikes: whether it is the output of neurons, so that no element is negative. pads: zeros around it that
    a Pad asks for.
    """

    layer: str
    dims: tuple[int, ...]
    shape: tuple[int, ...]
    product: str | None = None
    spikes: bool = False
    pads: Pads = NO_PADS

    @property
    def channels(self) -> int:
        """The size of its first axis in the file."""
        return self.dims[0]


def as_map(dims: tuple[int, ...]) -> tuple[int, ...]:
    """LIFSim's shape of [C, H, W], [C, L] or [F]. Raises ValueError for others."""
    if not 1 <= len(dims) <= 3 or any(size < 1 for size in dims):
        raise ValueError(f"{list(dims)} of one image must be [C, H, W], [C, L] or [F]")
    return (dims[0], 1, dims[1]) if len(dims) == 2 else dims


@dataclass
class Built:
    """layers, weights: of the workload. readers: how many nodes read each tensor of the file; an output of the
    network counts as one. became: how often each operation of the file became each operation of LIFSim."""

    readers: Mapping[str, int]
    layers: list[dict[str, Any]] = field(default_factory=list)
    weights: dict[str, Array] = field(default_factory=dict)
    notes: list[tuple[str, str]] = field(default_factory=list)
    became: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, name: str, op: str, inputs: Sequence[Signal], keys: Mapping[str, Any]) -> str:
        """Adds a layer; returns its name."""
        own = _named(name, op, {one["name"] for one in self.layers})
        reads = {"inputs": [one.layer for one in inputs]} if op == "add" else {"input": inputs[0].layer}
        self.layers.append({"name": own, "op": op, **reads, **keys})
        return own

    def layer(self, name: str) -> dict[str, Any]:
        """The layer as the workload has it."""
        return next(one for one in reversed(self.layers) if one["name"] == name)

    def note(self, name: str, message: str) -> None:
        """Adds a note on what is read otherwise than it may seem, at a node."""
        self.notes.append((name, message))

    def own_product(self, tensor: str, x: Signal) -> str | None:
        """The layer of weights whose output x is, if a single node reads x: then that node can be merged into the
        weights."""
        return x.product if self.readers.get(tensor) == 1 else None

    def scale(self, name: str, gain: Array, offset: Array) -> None:
        """Makes a layer of weights put out gain * y + offset instead of y; gain and offset are [M]."""
        layer, norm = self.layer(name), f"{name}.bn."
        terms = (f"{norm}weight", f"{norm}bias") if layer.get("batch_norm") else (f"{name}.weight", f"{name}.bias")
        filters = len(self.weights[terms[0]])
        gain, offset = (np.broadcast_to(one, (filters,)).astype(np.float64) for one in (gain, offset))
        factors, bias = self.weights[terms[0]], self.weights.get(terms[1], np.zeros(filters))
        scaled = factors * gain.reshape(-1, *[1] * (factors.ndim - 1))
        self.weights[terms[0]] = real(scaled, factors.dtype)
        shifted = bias * gain + offset
        if terms[1] in self.weights or np.any(shifted):
            self.weights[terms[1]] = real(shifted, factors.dtype)
            if not layer.get("batch_norm"):
                layer["bias"] = True


def real(array: Array, dtype: Any = np.float32) -> Array:
    """The array as weights files have it."""
    return np.ascontiguousarray(array, np.float64 if dtype == np.float64 else np.float32)


def flattened(x: Signal, dims: tuple[int, ...]) -> Signal:
    """Its elements in the same order along other axes."""
    return replace(x, dims=dims)


def name_of(node: OnnxNode, weight: str = "") -> str:
    """The name of a layer: that of the module whose weight it has, or of the node. Exporters of PyTorch name nodes
    by the path of modules, each with the whole path in its own name: /layer1/layer1.0/conv1/Conv."""
    if weight.endswith(".weight") and "::" not in weight:
        return weight.removesuffix(".weight")
    parts = [part for part in node.called.removeprefix("node_").split("/") if part]
    own = re.fullmatch(rf"{re.escape(node.op)}(_\d+)?(_output_\d+)?", parts[-1]) if len(parts) > 1 else None
    if own is not None and node.op not in _OF_NO_MODULE:
        parts.pop()
        number = own[1] or ""
        parts[-1] += "" if parts[-1].endswith(number) else number
    whole = [part for part, after in zip(parts, [*parts[1:], ""], strict=True) if not after.startswith(f"{part}.")]
    return ".".join(whole)


def _named(name: str, op: str, taken: set[Any]) -> str:
    """A valid name of a workload's layer that no other layer has."""
    own = re.sub(r"[^A-Za-z0-9_-]", "_", name)[-MAX_NAME:]
    own = own if re.match("[A-Za-z_]", own) else f"{op}_{own}".rstrip("_")
    unique, count = own, 2
    while unique in taken or unique == "input":
        unique, count = f"{own}_{count}", count + 1
    return unique
