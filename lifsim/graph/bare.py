"""Layers of weights whose sums other layers read as they are."""

from __future__ import annotations

from functools import lru_cache

from lifsim.model.network import Lif, Network
from lifsim.model.product import Product


@lru_cache(1 << 6)
def without_lif(network: Network) -> tuple[str, ...]:
    """The layers of weights whose sums reach another layer without a LIF between; none of a network without LIFs, which
    is meant so. Products of two tensors of spikes may be, as in attention."""
    if not network.lifs:
        return ()
    real: dict[str, set[str]] = {}
    bare: set[str] = set()
    for node in network.nodes:  # behind all that it reads
        reads = set().union(*(real.get(name, set()) for name in node.inputs))
        bare |= reads if isinstance(node, Product) else set()
        if isinstance(node, Product):
            reads = {node.name} if node.weight_shape is not None else set()
        real[node.name] = set() if isinstance(node, Lif) else reads
    return tuple(layer.name for layer in network.layers if layer.name in bare)
