"""The protocol of layer kinds: their keys in a workload, which define the rest of a layer (`Product`)."""

from __future__ import annotations

from typing import Protocol, get_args

from lifsim.config.operation import ProductOperation
from lifsim.registry import Registry


class LayerKind(Protocol):
    """A kind of layers that the array computes.

    name: as workloads spell it behind `op:`; title: in words; plural: the word for several.
    keys: the schema of such a layer in a workload, with `op: Literal[name]`; its `node` is the layer.
    """

    name: str
    title: str
    plural: str
    keys: type[ProductOperation]


def _readable(kind: LayerKind) -> None:
    """Its keys can be read, those of its own name."""
    op = kind.keys.model_fields.get("op")
    if op is None or get_args(op.hint) != (kind.name,):
        raise TypeError(f'{kind.keys.__qualname__} must have op: Literal["{kind.name}"]')
    _ = kind.keys.core  # raises what its types are not


LAYERS: Registry[LayerKind] = Registry("layer kind", LayerKind, "lifsim.layers", "lifsim.layers", _readable)
