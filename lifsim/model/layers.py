"""The hardware's view of a network: the layers of the array, each with everything that runs behind it up to the
next."""

from __future__ import annotations

from collections.abc import Sequence

from lifsim.lazy_dataclass import dataclass
from lifsim.model.members import any_of
from lifsim.model.network import Add, Layer, Lif, Node, Tensor
from lifsim.model.product import Product


@dataclass(frozen=True)
class Ownership:
    """Which weight layer each node runs behind. owner: by node, None before the first weight layer; members: by owner,
    itself and the nodes that it owns, in execution order."""

    nodes: dict[str, Node]
    owner: dict[str, str | None]
    members: dict[str | None, list[Node]]

    @classmethod
    def of(cls, nodes: Sequence[Node]) -> Ownership:
        """A weight layer owns itself; an add belongs to the latest weight layer that it depends on."""
        order: dict[str | None, int] = {None: -1}
        owner: dict[str, str | None] = {}
        for index, node in enumerate(nodes):
            if isinstance(node, Product):
                owner[node.name] = node.name
                order[node.name] = index
            else:
                owner[node.name] = max((owner[name] for name in node.inputs), key=order.__getitem__, default=None)
        members: dict[str | None, list[Node]] = {}
        for node in nodes:
            members.setdefault(owner[node.name], []).append(node)
        return cls({node.name: node for node in nodes}, owner, members)


def lif_faults(nodes: Sequence[Node]) -> list[tuple[str, str]]:
    """(LIF, reason) of every LIF that the hardware view cannot hold: none or two of them behind one weight layer."""
    ownership = Ownership.of(nodes)
    first: dict[str, str] = {}
    faults = []
    for lif in nodes:
        if not isinstance(lif, Lif):
            continue
        owner = ownership.owner[lif.name]
        if owner is None:
            faults.append((lif.name, f"{lif.name} must stand behind a layer of kind {any_of('layer')}"))
        elif owner in first:
            reason = f"one weight layer drives one LIF layer, and {owner} already drives {first[owner]}"
            faults.append((lif.name, f"{lif.name} must stand behind a weight layer of its own: {reason}"))
        else:
            first[owner] = lif.name
    return faults


def hardware_layers(nodes: Sequence[Node], timesteps: int) -> tuple[Layer, ...]:
    """The weight layers of a graph without `lif_faults`, in execution order."""
    ownership = Ownership.of(nodes)
    products = [node for node in nodes if isinstance(node, Product)]
    stored = _stored(ownership)
    return tuple(_layer(ownership, stored, index, node, timesteps) for index, node in enumerate(products))


def _stored(ownership: Ownership) -> set[str]:
    """Nodes whose tensor leaves their layer: another layer reads it, or none does (an output of the network)."""
    readers: dict[str, set[str | None]] = {name: set() for name in ownership.nodes}
    for node in ownership.nodes.values():
        for name in node.inputs:
            readers[name].add(ownership.owner[node.name])
    return {name for name, owners in readers.items() if owners != {ownership.owner[name]}}


def _residuals(ownership: Ownership, epilogue: list[Node], name: str) -> tuple[Tensor, ...]:
    reads = (x for node in epilogue if isinstance(node, Add) for x in node.inputs if ownership.owner[x] != name)
    return tuple(ownership.nodes[x].output for x in dict.fromkeys(reads))


def _layer(ownership: Ownership, stored: set[str], index: int, node: Product, timesteps: int) -> Layer:
    epilogue = ownership.members[node.name]
    source = ownership.nodes[node.inputs[0]].output
    window = node.window
    return Layer(
        index=index,
        name=node.name,
        kind=node.kind,
        input=source,
        in_shape=window.in_shape,
        filters=window.out_shape[0],
        kernel=window.kernel,
        stride=window.stride,
        padding=window.padding,
        groups=window.groups,
        out_shape=window.out_shape,
        rounds=source.timesteps,
        timesteps=timesteps,
        lif=next((member for member in epilogue if isinstance(member, Lif)), None),
        outputs=tuple(member.output for member in epilogue if member.name in stored),
        residuals=_residuals(ownership, epilogue, node.name),
        flat=node.flat,
        operand=ownership.nodes[node.inputs[1]].output if len(node.inputs) > 1 else None,
    )
