"""Arrays by node and timestep: what the forward pass keeps, and the gradients on their way back."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifsim.engine.order import at
from lifsim.model.network import Network

Array = NDArray[Any]


class Tape:
    """Values, put in all timesteps at once or one after the other, and read again in either way."""

    def __init__(self) -> None:
        self._parts: dict[str, list[Array]] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._parts

    def put(self, name: str, value: Array) -> None:
        """Append the next timesteps of `name`."""
        self._parts.setdefault(name, []).append(value)

    def get(self, name: str, timestep: int, timesteps: int) -> Array:
        """The values of `timesteps` from `timestep` on; a value that does not change over time has one."""
        parts = self._parts[name]
        if len(parts) == 1:
            return at(parts[0], timestep, timesteps)
        return parts[timestep] if timesteps == 1 else np.concatenate(parts)

    def whole(self, name: str) -> Array:
        """All timesteps."""
        return np.concatenate(self._parts[name])


class Gradients:
    """Gradients of the nodes' outputs, summed over their readers, and over time where the output has one timestep.

    with_input: whether the gradient of the network's input is wanted.
    """

    def __init__(self, network: Network, *, with_input: bool) -> None:
        self._unwanted = None if with_input else network.nodes[0].name
        self._steps = {node.name: node.output.timesteps for node in network.nodes}
        self._sums: dict[str, Array] = {}

    def wants(self, name: str) -> bool:
        """Whether the gradient of `name` is needed."""
        return name != self._unwanted

    def add(self, name: str, grad: Array, timestep: int) -> None:
        """Add a gradient of `name` of timesteps from `timestep` on, if it is wanted."""
        if not self.wants(name):
            return
        if self._steps[name] == 1:
            grad, timestep = grad.sum(axis=0, keepdims=True), 0
        if name not in self._sums:
            if len(grad) == self._steps[name]:
                self._sums[name] = grad
                return
            self._sums[name] = np.zeros((self._steps[name], *grad.shape[1:]), grad.dtype)
        elif len(grad) == self._steps[name]:
            self._sums[name] = self._sums[name] + grad
            return
        self._sums[name][timestep : timestep + len(grad)] += grad

    def take(self, name: str, timestep: int, timesteps: int) -> Array | None:
        """The sum of what was added for these timesteps; None if nothing reads the node."""
        grad = self._sums.get(name)
        return None if grad is None else at(grad, timestep, timesteps)
