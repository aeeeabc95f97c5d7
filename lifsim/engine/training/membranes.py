"""What the forward pass keeps of the membranes, so that the backward pass knows u' of every call.

    stored     u' of every call of every timestep:  B * T * (elements of all calls)
    reversed   the last state of each set:          B * (elements of the distinct states, every variable)

elements, of 8 bytes: membranes are float64 in training. Undoing a call multiplies the rounding error of the state by
1/(1 - 1/tau), 4 for EfficientLIF-Net's tau, so that float64 carries 16 calls and float32 would carry 5. A set that has
more calls keeps one more copy of its state for each further 16.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifsim.engine.inference import as_rows, rest
from lifsim.engine.neurons import bound, fire
from lifsim.engine.training.adjoint import Adjoint
from lifsim.engine.training.surrogate import Surrogate
from lifsim.engine.workers import Workers
from lifsim.errors import Fault, InputError
from lifsim.graph.states import State, channels_of, states_of
from lifsim.model.network import Lif, Network
from lifsim.model.product import Product
from lifsim.model.sharing import Sharing
from lifsim.neurons import NeuronModel
from lifsim.neurons import State as Variables
from lifsim.neurons.parameters import varying

Array = NDArray[Any]

MEMBRANE = np.dtype(np.float64)
NO_GRADIENT = "has no gradient, so that it cannot be trained"
_ERROR = 1e-6  # of u' that a run of undone calls may reach, in units of the threshold


def reversible_calls(neuron: NeuronModel) -> int:
    """How many calls can be undone before rounding errors, grown by 1/(1 - 1/tau) a call, reach 1e-6."""
    room, growth = _ERROR / np.finfo(MEMBRANE).eps, math.log(neuron.undoing_error())
    return int(min(room, math.log(room) / growth if growth else room))


def untrainable(network: Network) -> list[Fault]:
    """Why `network` has no gradients; nothing if it has."""
    faults = [Fault(f"{NO_GRADIENT}: {lif.neuron}", lif.name) for lif in network.lifs if lif.neuron.linear() is None]
    products = (node for node in network.nodes if isinstance(node, Product) and node.backward() is None)
    return faults + [
        Fault(f"has no gradient yet, so that it cannot be trained: {node.kind}", node.name) for node in products
    ]


def irreversible(network: Network, sharing: Sharing) -> list[Fault]:
    """Why the membranes of `network` cannot be recomputed backwards; nothing if they can."""
    faults, channels = [], channels_of(network, sharing)
    for lif in network.lifs:
        reason = lif.neuron.cannot_be_undone()
        if reason is not None:
            faults.append(Fault(f"{reason}, so that it cannot be recomputed: keep the states (stored)", lif.name))
        elif any(isinstance(value, str) for value in varying(lif.neuron).values()):
            faults.append(Fault("parameters in the weights file must go with states that are kept (stored)", lif.name))
        elif channels[lif.name] > (limit := reversible_calls(lif.neuron)):
            text = f"{channels[lif.name]} calls in a row must be <= {limit} to be undone by {lif.neuron}"
            faults.append(Fault(text, lif.name))
    return faults


@dataclass
class Membranes(ABC):
    """States during one forward and backward pass over a batch. weights: where parameters of neurons are."""

    network: Network
    sharing: Sharing
    weights: Mapping[str, Array]
    batch: int
    surrogate: Surrogate
    workers: Workers
    neurons: dict[str, NeuronModel] = field(init=False)
    states: dict[str, Variables] = field(init=False)
    gradients: dict[str, Variables] = field(init=False)
    state_of: dict[str, State] = field(init=False)

    def __post_init__(self) -> None:
        sets = states_of(self.network, self.sharing)
        self.neurons = {lif.name: bound(lif, self.weights, self.batch) for lif in self.network.lifs}
        self.states = {state.name: rest(self.neurons[state.name], state, self.batch, MEMBRANE) for state in sets}
        self.gradients = {name: tuple(map(np.zeros_like, state)) for name, state in self.states.items()}
        self.state_of = {name: state for state in sets for name in state.lifs}

    def adjoint(self, node: Lif) -> Adjoint:
        """The backward pass of a layer's calls."""
        return Adjoint(self.neurons[node.name], self.surrogate, self.workers)

    @abstractmethod
    def fire(self, node: Lif, x: Array, timestep: int, timesteps: int) -> Array:
        """Spikes [timesteps, B, ...] of x [timesteps or 1, B, ...], keeping what the backward pass needs."""

    @abstractmethod
    def backward(self, node: Lif, grad: Array, spikes: Array, x: Callable[[], Array], timestep: int) -> Array:
        """Gradient of x from that of the spikes; calls are to come in the reverse order of `fire`."""

    @property
    @abstractmethod
    def kept_bytes(self) -> int:
        """Bytes of membranes held for the backward pass."""


@dataclass
class StoredMembranes(Membranes):
    """Keeps u' of every call."""

    charged: dict[tuple[str, int], Array] = field(default_factory=dict)

    def fire(self, node: Lif, x: Array, timestep: int, timesteps: int) -> Array:
        rows = as_rows(x)
        charged = self.charged[node.name, timestep] = np.empty((timesteps, *rows.shape[1:]), MEMBRANE)
        state = self.states[self.state_of[node.name].name]
        spikes = fire(rows, state, timesteps, self.neurons[node.name], self.workers, charged)
        return spikes.reshape(timesteps, *x.shape[1:])

    def backward(self, node: Lif, grad: Array, spikes: Array, x: Callable[[], Array], timestep: int) -> Array:
        del x
        grad_state = self.gradients[self.state_of[node.name].name]
        charged = self.charged.pop((node.name, timestep))
        rows = as_rows(grad), as_rows(spikes)
        return self.adjoint(node).stored(*rows, charged, grad_state).reshape(grad.shape)

    @property
    def kept_bytes(self) -> int:
        return sum(array.nbytes for array in self.charged.values())


@dataclass
class ReversedMembranes(Membranes):
    """Keeps the last states, and undoes the calls. Raises InputError where they cannot be undone."""

    since_copy: dict[str, list[int]] = field(default_factory=dict)
    copies: dict[str, list[Variables]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        faults = irreversible(self.network, self.sharing)
        if faults:
            raise InputError(faults)
        super().__post_init__()
        self.since_copy = {name: [0] for name in self.states}
        self.copies = {name: [] for name in self.states}

    def fire(self, node: Lif, x: Array, timestep: int, timesteps: int) -> Array:
        del timestep
        rows, name, calls = as_rows(x), self.state_of[node.name].name, self.state_of[node.name].channels
        spikes = np.empty((timesteps, *rows.shape[1:]), np.uint8)
        for index in range(timesteps):
            if self.since_copy[name][-1] + calls > reversible_calls(node.neuron):
                self.copies[name].append(tuple(variable.copy() for variable in self.states[name]))
                self.since_copy[name].append(0)
            self.since_copy[name][-1] += calls
            spikes[index] = fire(_step(rows, index), self.states[name], 1, self.neurons[node.name], self.workers)[0]
        return spikes.reshape(timesteps, *x.shape[1:])

    def backward(self, node: Lif, grad: Array, spikes: Array, x: Callable[[], Array], timestep: int) -> Array:
        del timestep
        name, inputs = self.state_of[node.name].name, as_rows(x())
        rows, fired = as_rows(grad), as_rows(spikes)
        out = np.empty_like(rows)
        for index in reversed(range(len(rows))):
            if self.since_copy[name][-1] == 0:
                self.since_copy[name].pop()
                self.states[name] = self.copies[name].pop()
            self.since_copy[name][-1] -= self.state_of[node.name].channels
            now = _step(rows, index), _step(fired, index), _step(inputs, index)
            states = self.states[name], self.gradients[name]
            out[index] = self.adjoint(node).reversed(*now, *states)[0]
        return out.reshape(grad.shape)

    @property
    def kept_bytes(self) -> int:
        copies = (copy for copies in self.copies.values() for copy in copies)
        return sum(variable.nbytes for state in (*self.states.values(), *copies) for variable in state)


def _step(rows: Array, index: int) -> Array:
    return rows if len(rows) == 1 else rows[index : index + 1]
