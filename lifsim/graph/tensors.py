"""When the tensors of a network are available, what they depend on, and which layers read them."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import Literal

from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Input, Layer, Lif, Network, Node, Tensor, TimeMean
from lifsim.model.product import Product

When = Literal["every", "first", "last"]
"""The timesteps at which a tensor is put out, or a layer computed: "first" if the result is replayed at all timesteps
(direct encoding), "last" behind a mean over time, else "every"."""


def when_there(count: int, timesteps: int, *, averaged: bool) -> When:
    """When a tensor that has values for `count` of the timesteps is available."""
    if count == timesteps:
        return "every"
    return "last" if averaged else "first"


def nodes_with_spikes(nodes: Iterable[Node]) -> frozenset[str]:
    """Names of the nodes, given in execution order, whose values depend on spikes; the others are computed from the
    analogue image alone."""
    spiking: set[str] = set()
    for node in nodes:
        source = isinstance(node, Lif) or (isinstance(node, Input) and node.output.levels is not None)
        if source or spiking.intersection(node.inputs):
            spiking.add(node.name)
    return frozenset(spiking)


def is_averaged(node: Node, averaged: AbstractSet[str]) -> bool:
    """Whether a node takes a mean over time, or reads one of the `averaged` nodes, which are behind a mean."""
    return isinstance(node, TimeMean) or not averaged.isdisjoint(node.inputs)


def behind_mean(nodes: Iterable[Node]) -> frozenset[str]:
    """Names of the nodes, given in execution order, behind a mean over time."""
    averaged: set[str] = set()
    for node in nodes:
        if is_averaged(node, averaged):
            averaged.add(node.name)
    return frozenset(averaged)


def unchanging(nodes: Iterable[Node]) -> frozenset[str]:
    """Names of the nodes, given in execution order, that are computed from the analogue image alone, and so are the
    same at every timestep."""
    static: set[str] = set()
    for node in nodes:
        image = isinstance(node, Input) and node.output.timesteps == 1
        computed = node.inputs and not isinstance(node, Lif | TimeMean) and static.issuperset(node.inputs)
        if image or computed:
            static.add(node.name)
    return frozenset(static)


@dataclass(frozen=True)
class Edges:
    """The edges of a stored tensor. producer: the layer that puts it out, None for the network's input; inputs,
    operands, residuals: the layers that convolve it, that read it in place of weights, and that add it. Layers are
    indices."""

    tensor: Tensor
    producer: int | None
    inputs: tuple[int, ...]
    operands: tuple[int, ...]
    residuals: tuple[int, ...]


def edges_of(network: Network) -> dict[str, Edges]:
    """By name, the tensors that layers read or put out, in order of first use."""
    layers = network.layers
    found = {tensor.name: tensor for layer in layers for tensor in (*layer.reads, *layer.residuals, *layer.outputs)}
    producers = {tensor.name: layer.index for layer in layers for tensor in layer.outputs}
    inputs = _readers((layer, (layer.input,)) for layer in layers)
    operands = _readers((layer, layer.reads[1:]) for layer in layers)
    residuals = _readers((layer, layer.residuals) for layer in layers)
    return {
        name: Edges(tensor, producers.get(name), inputs.get(name, ()), operands.get(name, ()), residuals.get(name, ()))
        for name, tensor in found.items()
    }


def _readers(reads: Iterable[tuple[Layer, Iterable[Tensor]]]) -> dict[str, tuple[int, ...]]:
    found: dict[str, tuple[int, ...]] = {}
    for layer, tensors in reads:
        for tensor in tensors:
            found[tensor.name] = (*found.get(tensor.name, ()), layer.index)
    return found


@lru_cache(1 << 6)
def without_lif(network: Network) -> tuple[str, ...]:
    """The weight layers whose sums reach another layer without a LIF between. Not reported: networks without any LIF,
    which are intentional, and products of two spike tensors, as in attention."""
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
