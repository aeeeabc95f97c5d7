"""What rules out training: a machine without gradient units, layers and neurons without a gradient."""

from __future__ import annotations

from collections.abc import Iterator

from lifsim.errors import Fault
from lifsim.keeping import Keeping
from lifsim.model.arch import Arch
from lifsim.model.network import Lif, Network
from lifsim.model.product import Product


def training_faults(network: Network, arch: Arch, keeping: Keeping) -> list[Fault]:
    """Everything that rules out training `network` on `arch`. keeping: how the backward pass gets the membranes."""
    return [*_unit_faults(arch), *gradient_faults(network, keeping)]


def gradient_faults(network: Network, keeping: Keeping) -> Iterator[Fault]:
    """Every layer without a gradient, and every LIF whose membranes `keeping` cannot provide."""
    for node in network.nodes:
        if isinstance(node, Product) and node.backward() is None:
            rule = f"{node.kind} has no gradient yet, and must not be trained: mode inference runs it"
            yield Fault(rule, f"layers.{node.name}")
    for lif in network.lifs:
        reason = keeping.refusal(lif.neuron)
        if lif.neuron.linear() is None:
            rule = "has no gradient, so that it cannot be trained; mode inference runs it"
            yield _of_neuron(f"{rule}: {lif.neuron}", lif)
        elif reason is not None:
            yield _of_neuron(reason, lif)


def _of_neuron(message: str, lif: Lif) -> Fault:
    """The fault at the line of the layer's reset, its neuron, the network's neuron, or the layer itself."""
    own = f"layers.{lif.name}"
    return Fault(message, own, stands=(f"{own}.neuron.reset", f"{own}.neuron", "neuron.reset", "neuron", own))


def _unit_faults(arch: Arch) -> Iterator[Fault]:
    """The fault if nothing computes gradients of membranes."""
    if all(component.tag != "pgu" for component in arch.components):
        way_out = "sata_training has such, which mode training takes where no other is named"
        rule = "must have at least one of tag pgu, the membrane-gradient unit, to train"
        yield Fault(f"{rule}: {way_out}", path="components")
