"""The order in which the nodes of a network run under a sharing.

A layer with membranes of its own can compute all its timesteps at once, before the next layer starts, also under
`channelN`, whose calls are all within the layer. Layers that use one state in turn cannot: the first call of timestep
t+1 continues from the last call of timestep t, so everything from the first of them to the last runs one timestep after
the other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifsim.graph.states import State
from lifsim.graph.tensors import behind_mean, unchanging
from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Network, Node

Array = NDArray[Any]
Compute = Callable[[Node, Sequence[Array], int, int], Array]


@dataclass(frozen=True)
class Stretch:
    """Consecutive nodes that run in the same way. folded: each computes all timesteps before the next one starts."""

    nodes: tuple[Node, ...]
    folded: bool


def stretches_of(network: Network, states: Sequence[State]) -> tuple[Stretch, ...]:
    """The nodes of `network` in an order of execution, in as few stretches as the states allow."""
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
            nodes = network.nodes[first:index]
            stretches += _split(network, nodes) if stepwise[first] else [Stretch(nodes, folded=True)]
            first = index
    return tuple(stretches)


def _split(network: Network, nodes: tuple[Node, ...]) -> list[Stretch]:
    """Stepwise nodes, after those that do not change over time and before those behind a mean over time."""
    averaged, static = behind_mean(network.nodes), unchanging(network.nodes)
    before = tuple(node for node in nodes if node.name in static)
    after = tuple(node for node in nodes if node.name in averaged)
    within = tuple(node for node in nodes if node.name not in static | averaged)
    return [Stretch(part, part is not within) for part in (before, within, after) if part]


class Walk:
    """A forward pass over a network: calls `compute(node, inputs, timestep, timesteps)` for each node and timestep, or
    for all timesteps at once if the stretch is folded, and drops every value after its last reader."""

    def __init__(self, network: Network, stretches: Sequence[Stretch], compute: Compute) -> None:
        self._timesteps = network.timesteps
        self._stretches = stretches
        self._compute = compute
        self._values: dict[str, Array] = {}
        self._last_reader = {name: node.name for s in stretches for node in s.nodes for name in node.inputs}
        self._last = network.nodes[-1].name

    def run(self) -> Array:
        """Value of the network's last node, [timesteps, B, ...]."""
        for stretch in self._stretches:
            self.cross(stretch)
            self.leave(stretch)
        return self._values[self._last]

    def cross(self, stretch: Stretch) -> None:
        """Compute the values of `stretch` that later stretches read, from those of earlier ones; may be repeated."""
        names = {node.name for node in stretch.nodes}
        read_later = {name for name in names if self._last_reader.get(name) not in names}
        self._values |= self._folded(stretch, read_later) if stretch.folded else self._stepwise(stretch, read_later)

    def leave(self, stretch: Stretch) -> None:
        """Drop the values that only `stretch` reads."""
        for node in stretch.nodes:
            self._forget(self._values, node)

    def _folded(self, stretch: Stretch, read_later: set[str]) -> dict[str, Array]:
        now: dict[str, Array] = {}
        for node in stretch.nodes:
            inputs = [now[name] if name in now else self._values[name] for name in node.inputs]
            now[node.name] = self._compute(node, inputs, 0, self._timesteps)
            self._forget(now, node)
        return {name: now[name] for name in read_later}

    def _stepwise(self, stretch: Stretch, read_later: set[str]) -> dict[str, Array]:
        collected: dict[str, list[Array]] = {name: [] for name in read_later}
        for timestep in range(self._timesteps):
            now: dict[str, Array] = {}
            for node in stretch.nodes:
                inputs = [now[name] if name in now else at(self._values[name], timestep, 1) for name in node.inputs]
                now[node.name] = self._compute(node, inputs, timestep, 1)
            for name, parts in collected.items():
                parts.append(now[name])
        return {name: np.concatenate(parts) for name, parts in collected.items()}

    def _forget(self, values: dict[str, Array], node: Node) -> None:
        for name in node.inputs:
            if self._last_reader[name] == node.name:
                values.pop(name, None)


def at(value: Array, timestep: int, timesteps: int) -> Array:
    """`timesteps` of a value from `timestep` on; a value that does not change over time has one for all of them."""
    return value if value.shape[0] == 1 else value[timestep : timestep + timesteps]
