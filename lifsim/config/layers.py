"""The hardware's view of a network: weight layers, each with all that runs behind it until the next weight layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from lifsim.config.network import Add, Conv, Layer, Lif, Linear, Node, Tensor


@dataclass(frozen=True)
class Ownership:
    """Which weight layer each node runs behind. owner: by node, None for what precedes the first weight layer;
    members: by owner, itself and what it owns in execution order."""

    nodes: dict[str, Node]
    owner: dict[str, str | None]
    members: dict[str | None, list[Node]]

    @classmethod
    def of(cls, nodes: Sequence[Node]) -> Ownership:
        """A weight layer owns itself; an add belongs to the latest weight layer that it depends on."""
        order: dict[str | None, int] = {None: -1}
        owner: dict[str, str | None] = {}
        for index, node in enumerate(nodes):
            if isinstance(node, Conv | Linear):
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
            faults.append((lif.name, f"{lif.name} must stand behind a convolution or linear layer"))
        elif owner in first:
            reason = f"one weight layer drives one LIF layer, and {owner} already drives {first[owner]}"
            faults.append((lif.name, f"{lif.name} must stand behind a weight layer of its own: {reason}"))
        else:
            first[owner] = lif.name
    return faults


def hardware_layers(nodes: Sequence[Node], timesteps: int) -> tuple[Layer, ...]:
    """The weight layers of a graph without `lif_faults`, in execution order."""
    ownership = Ownership.of(nodes)
    weights = [node for node in nodes if isinstance(node, Conv | Linear)]
    stored = _stored(ownership)
    return tuple(_layer(ownership, stored, index, node, timesteps) for index, node in enumerate(weights))


def _stored(ownership: Ownership) -> set[str]:
    """Nodes whose tensor leaves their layer: another layer reads it, or nothing does (an output of the network)."""
    readers: dict[str, set[str | None]] = {name: set() for name in ownership.nodes}
    for node in ownership.nodes.values():
        for name in node.inputs:
            readers[name].add(ownership.owner[node.name])
    return {name for name, owners in readers.items() if owners != {ownership.owner[name]}}


def _residuals(ownership: Ownership, epilogue: list[Node], name: str) -> tuple[Tensor, ...]:
    reads = (x for node in epilogue if isinstance(node, Add) for x in node.inputs if ownership.owner[x] != name)
    return tuple(ownership.nodes[x].output for x in dict.fromkeys(reads))


def _layer(ownership: Ownership, stored: set[str], index: int, node: Conv | Linear, timesteps: int) -> Layer:
    epilogue = ownership.members[node.name]
    source = ownership.nodes[node.inputs[0]].output
    conv = node if isinstance(node, Conv) else _one_pixel_conv(node)
    return Layer(
        index=index,
        name=node.name,
        kind="conv" if isinstance(node, Conv) else "linear",
        input=source,
        in_shape=conv.in_shape,
        filters=conv.output.shape[0],
        kernel=conv.kernel,
        stride=conv.stride,
        padding=conv.padding,
        groups=conv.groups,
        out_shape=(conv.output.shape[0], conv.output.shape[1], conv.output.shape[2]),
        runs=source.steps,
        timesteps=timesteps,
        lif=next((member for member in epilogue if isinstance(member, Lif)), None),
        outputs=tuple(member.output for member in epilogue if member.name in stored),
        residuals=_residuals(ownership, epilogue, node.name),
    )


def _one_pixel_conv(node: Linear) -> Conv:
    """A linear layer as a 1 x 1 convolution of a map of one pixel, (F, 1, 1) to (M, 1, 1)."""
    output = replace(node.output, shape=(*node.output.shape, 1, 1))
    in_shape = (node.in_features, 1, 1)
    return Conv(node.name, node.inputs, output, in_shape, (1, 1), (1, 1), (0, 0), 1, node.bias, node.batch_norm)
