"""What a kind of layers must say of itself: its keys in a workload, which say the rest of one layer (`Product`)."""

from __future__ import annotations

from typing import Protocol

from lifsim.config.operation import ProductOperation
from lifsim.registry import Registry


class LayerKind(Protocol):
    """A kind of layers that the array computes.

    name: as workloads spell it behind `op:`; title: in words; plural: of many, for people.
    keys: what a workload says of one, with `op: Literal[name]`; its `node` is the layer.
    """

    name: str
    title: str
    plural: str
    keys: type[ProductOperation]


LAYERS: Registry[LayerKind] = Registry("layer kind", LayerKind, "lifsim.layers", "lifsim.layers")
