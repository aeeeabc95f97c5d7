"""The order in which the nodes of a network run under a sharing.

A layer whose membranes are its own can compute all its timesteps at once, before the next layer starts; `channelN`
keeps that, for its calls are all within the layer. Layers that use one state in turn cannot: the first call of
timestep t+1 continues from the last call of timestep t, so everything from the first of them to the last runs one
timestep after the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lifsim.config.network import Network, Node
from lifsim.config.sharing import State


@dataclass(frozen=True)
class Stretch:
    """Consecutive nodes that run alike. folded: each computes all timesteps before the next one starts."""

    nodes: tuple[Node, ...]
    folded: bool


def stretches_of(network: Network, states: Sequence[State]) -> tuple[Stretch, ...]:
    """The nodes of `network` in execution order, in as few stretches as the states allow."""
    position = {node.name: index for index, node in enumerate(network.nodes)}
    stepwise = [False] * len(network.nodes)
    for state in states:
        if len(state.lifs) > 1:
            users = [position[name] for name in state.lifs]
            stepwise[min(users) : max(users) + 1] = [True] * (max(users) + 1 - min(users))
    stretches: list[Stretch] = []
    first = 0
    for index in range(1, len(network.nodes) + 1):
        if index == len(network.nodes) or stepwise[index] != stepwise[first]:
            stretches.append(Stretch(network.nodes[first:index], not stepwise[first]))
            first = index
    return tuple(stretches)
