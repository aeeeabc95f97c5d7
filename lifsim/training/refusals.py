"""What forbids to train: a machine without the unit that it takes, layers and neurons without a gradient."""

from __future__ import annotations

from collections.abc import Iterator

from lifsim.errors import Fault
from lifsim.keeping import Keeping
from lifsim.model.arch import Arch
from lifsim.model.network import Network
from lifsim.model.product import Product


def training_faults(network: Network, arch: Arch, keeping: Keeping) -> list[Fault]:
    """All that forbids to train `network` on `arch`; keeping: how it comes to its membranes."""
    return [*_unit_faults(arch), *gradient_faults(network, keeping)]


def gradient_faults(network: Network, keeping: Keeping) -> Iterator[Fault]:
    """Every layer that has no gradient, and every LIF whose membranes cannot be had in the way of `keeping`."""
    for node in network.nodes:
        if isinstance(node, Product) and node.backward() is None:
            yield Fault(f"has no gradient yet, so that it cannot be trained: {node.kind}", node.name)
    for lif in network.lifs:
        reason = keeping.refusal(lif.neuron)
        if lif.neuron.linear() is None:
            yield Fault(f"has no gradient, so that it cannot be trained: {lif.neuron}", lif.name)
        elif reason is not None:
            yield Fault(reason, lif.name)


def _unit_faults(arch: Arch) -> Iterator[Fault]:
    """Where nothing computes gradients of membranes."""
    if all(component.tag != "pgu" for component in arch.components):
        yield Fault("must have at least one of tag pgu, the membrane-gradient unit, to train", path="components")
