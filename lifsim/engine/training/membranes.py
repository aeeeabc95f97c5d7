"""What the forward pass keeps of the membranes, so that the backward pass knows u' of every call.

    stored      u' of every call of every timestep:  B * T * (elements of all calls)
    reversed    the last state of each set:          B * (elements of the distinct states, every variable)
    recomputed  the states with which timesteps 2..T begin, of layers that run timestep by timestep

elements, of 8 bytes: membranes are float64 in training. Undoing a call multiplies the rounding error of the state by
1/(1 - 1/tau), 4 for EfficientLIF-Net's tau, so that float64 carries 16 calls to 1e-6 of a threshold. A set that has
more calls keeps one more copy of its state for each further 16. The rule is the accelerator's (lifsim.keeping), which
allows 1 % of the surrogate's slope; a `StateGrid` has the engine round its states as that does.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifsim.engine.layout import as_rows
from lifsim.engine.neurons import bound, fire, rest
from lifsim.engine.training.adjoint import Adjoint
from lifsim.engine.training.state_grid import StateGrid
from lifsim.engine.training.surrogate import Surrogate
from lifsim.engine.workers import Workers
from lifsim.errors import Fault, InputError
from lifsim.graph.states import State, channels_of, states_of
from lifsim.keeping import KEEPINGS
from lifsim.keeping.undoing import calls_within
from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Lif, Network
from lifsim.model.product import Product
from lifsim.model.sharing import Sharing
from lifsim.neurons import NeuronModel
from lifsim.neurons import State as Variables
from lifsim.neurons.parameters import varying

Array = NDArray[Any]
Inputs = Callable[[Lif], Array]
"""Recomputes the inputs of a LIF, [timesteps or 1, B, ...]."""

MEMBRANE = np.dtype(np.float64)
NO_GRADIENT = "has no gradient, so that it cannot be trained"
_ERROR = 1e-6  # of u' that a run of undone calls may reach, in units of the threshold


def reversible_calls(neuron: NeuronModel) -> int:
    """How many calls can be undone before rounding errors, grown by 1/(1 - 1/tau) a call, reach 1e-6."""
    return calls_within(_ERROR / float(np.finfo(MEMBRANE).eps), neuron.undoing_error())


def untrainable(network: Network) -> list[Fault]:
    """The reasons why `network` has no gradients, if it has none."""
    faults = [Fault(f"{NO_GRADIENT}: {lif.neuron}", lif.name) for lif in network.lifs if lif.neuron.linear() is None]
    products = (node for node in network.nodes if isinstance(node, Product) and node.backward() is None)
    return faults + [
        Fault(f"has no gradient yet, so that it cannot be trained: {node.kind}", node.name) for node in products
    ]


def irreversible(network: Network, sharing: Sharing) -> list[Fault]:
    """The reasons why the LIF calls of `network` cannot be undone, if they cannot."""
    faults, channels = [], channels_of(network, sharing)
    for lif in network.lifs:
        reason = KEEPINGS["reversed"].refusal(lif.neuron)
        if reason is not None:
            faults.append(Fault(reason, lif.name))
        elif any(isinstance(value, str) for value in varying(lif.neuron).values()):
            faults.append(Fault("parameters in the weights file must go with states that are kept (stored)", lif.name))
        elif channels[lif.name] > (limit := reversible_calls(lif.neuron)):
            text = f"{channels[lif.name]} calls in a row must be <= {limit} to be undone by {lif.neuron}"
            faults.append(Fault(text, lif.name))
    return faults


@dataclass
class Membranes(ABC):
    """States during one forward and backward pass over a batch. weights: arrays with parameters of neurons, if they
    have any; grid: to which states are rounded, if at all."""

    network: Network
    sharing: Sharing
    weights: Mapping[str, Array]
    batch: int
    surrogate: Surrogate
    workers: Workers
    grid: StateGrid | None = None
    neurons: dict[str, NeuronModel] = field(init=False)
    states: dict[str, Variables] = field(init=False)
    gradients: dict[str, Variables] = field(init=False)
    state_of: dict[str, State] = field(init=False)

    def __post_init__(self) -> None:
        sets = states_of(self.network, self.sharing)
        self.neurons = {lif.name: bound(lif, self.weights, self.batch) for lif in self.network.lifs}
        self.states = {state.name: rest(self.neurons[state.name], state.shape, self.batch, MEMBRANE) for state in sets}
        self.gradients = {name: tuple(np.zeros(v.shape, v.dtype) for v in state) for name, state in self.states.items()}
        self.state_of = {name: state for state in sets for name in state.lifs}

    def adjoint(self, node: Lif) -> Adjoint:
        """The backward pass of a layer's calls."""
        return Adjoint(self.neurons[node.name], self.surrogate, self.workers)

    def calls(self, node: Lif, rows: Array, timesteps: int, charged: Array | None = None) -> Array:
        """Spikes [timesteps, P, C] of `rows` [timesteps or 1, P, C]: a layer's calls on its state, which changes."""
        state, neuron = self.states[self.state_of[node.name].name], self.neurons[node.name]
        if self.grid is None:
            return fire(rows, state, timesteps, neuron, self.workers, charged)
        spikes, width = np.empty((timesteps, *rows.shape[1:]), np.uint8), state[0].shape[1]
        for index in range(timesteps):
            for base in range(0, rows.shape[2], width):
                here = np.ascontiguousarray(_step(rows, index)[..., base : base + width])
                aside = None if charged is None else np.empty(here.shape, MEMBRANE)
                spikes[index, :, base : base + width] = fire(here, state, 1, neuron, self.workers, aside)[0]
                if charged is not None and aside is not None:
                    charged[index, :, base : base + width] = aside[0]
                self.grid.round(state, node.neuron)
        return spikes

    @abstractmethod
    def fire(self, node: Lif, x: Array, timestep: int, timesteps: int) -> Array:
        """Spikes [timesteps, B, ...] of x [timesteps or 1, B, ...], keeping what the backward pass needs."""

    @abstractmethod
    def backward(self, node: Lif, grad: Array, spikes: Array, inputs: Inputs, timestep: int) -> Array:
        """Gradient of x from that of the spikes; must be called in the reverse order of `fire`. inputs: computes those
        of a LIF at the same timesteps."""

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
        return self.calls(node, rows, timesteps, charged).reshape(timesteps, *x.shape[1:])

    def backward(self, node: Lif, grad: Array, spikes: Array, inputs: Inputs, timestep: int) -> Array:
        del inputs
        grad_state = self.gradients[self.state_of[node.name].name]
        charged = self.charged.pop((node.name, timestep))
        rows = as_rows(grad), as_rows(spikes)
        return self.adjoint(node).stored(*rows, charged, grad_state).reshape(grad.shape)

    @property
    def kept_bytes(self) -> int:
        return sum(array.nbytes for array in self.charged.values())


@dataclass
class ReversedMembranes(Membranes):
    """Keeps the last states, and undoes the calls. Raises InputError if they cannot be undone."""

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
            if self.since_copy[name][-1] + calls > self._most(node):
                self.copies[name].append(tuple(variable.copy() for variable in self.states[name]))
                self.since_copy[name].append(0)
            self.since_copy[name][-1] += calls
            spikes[index] = self.calls(node, _step(rows, index), 1)[0]
        return spikes.reshape(timesteps, *x.shape[1:])

    def _most(self, node: Lif) -> int:
        return reversible_calls(node.neuron) if self.grid is None else self.grid.copy_every

    def backward(self, node: Lif, grad: Array, spikes: Array, inputs: Inputs, timestep: int) -> Array:
        del timestep
        name, currents = self.state_of[node.name].name, as_rows(inputs(node))
        rows, fired = as_rows(grad), as_rows(spikes)
        out = np.empty_like(rows)
        for index in reversed(range(len(rows))):
            if self.since_copy[name][-1] == 0:
                self.since_copy[name].pop()
                self.states[name] = self.copies[name].pop()
            self.since_copy[name][-1] -= self.state_of[node.name].channels
            now = _step(rows, index), _step(fired, index), _step(currents, index)
            out[index] = self._undone(node, name, *now)
        return out.reshape(grad.shape)

    @property
    def kept_bytes(self) -> int:
        copies = (copy for copies in self.copies.values() for copy in copies)
        return sum(variable.nbytes for state in (*self.states.values(), *copies) for variable in state)

    def _undone(self, node: Lif, name: str, grad: Array, spikes: Array, currents: Array) -> Array:
        """Gradient of x [P, C] of one timestep; the state becomes that before its calls."""
        states, adjoint = (self.states[name], self.gradients[name]), self.adjoint(node)
        if self.grid is None:
            whole: Array = adjoint.reversed(grad, spikes, currents, *states)[0]
            return whole
        out: Array = np.empty_like(grad[0])
        width = states[0][0].shape[1]
        for base in range(grad.shape[2] - width, -1, -width):
            g, s, x = (np.ascontiguousarray(rows[..., base : base + width]) for rows in (grad, spikes, currents))
            out[:, base : base + width] = adjoint.reversed(g, s, x, *states)[0]
            self.grid.round(states[0], node.neuron)
        return out


@dataclass
class RecomputedMembranes(Membranes):
    """Keeps the states at the start of timesteps, and runs u forward again: timestep by timestep where layers share,
    else all timesteps of a layer together from the zero state."""

    begins: dict[tuple[str, int], Variables] = field(default_factory=dict)
    charged: dict[tuple[str, int], Array] = field(default_factory=dict)

    def fire(self, node: Lif, x: Array, timestep: int, timesteps: int) -> Array:
        state = self.state_of[node.name]
        if timestep and node.name == state.lifs[0]:
            self.begins[state.name, timestep] = tuple(variable.copy() for variable in self.states[state.name])
        return self.calls(node, as_rows(x), timesteps).reshape(timesteps, *x.shape[1:])

    def backward(self, node: Lif, grad: Array, spikes: Array, inputs: Inputs, timestep: int) -> Array:
        if (node.name, timestep) not in self.charged:
            self._forward_again(self.state_of[node.name], inputs, timestep, len(grad))
        charged = self.charged.pop((node.name, timestep))
        grad_state = self.gradients[self.state_of[node.name].name]
        return self.adjoint(node).stored(as_rows(grad), as_rows(spikes), charged, grad_state).reshape(grad.shape)

    def _forward_again(self, state: State, inputs: Inputs, timestep: int, timesteps: int) -> None:
        """u' of all calls on a set of membranes, from the state with which the timestep began."""
        zero = rest(self.neurons[state.name], state.shape, self.batch, MEMBRANE)
        self.states[state.name] = self.begins.pop((state.name, timestep)) if timestep else zero
        for name in state.lifs:
            node = self.network.node(name)
            if isinstance(node, Lif):
                rows = as_rows(inputs(node))
                charged = self.charged[name, timestep] = np.empty((timesteps, *rows.shape[1:]), MEMBRANE)
                self.calls(node, rows, timesteps, charged)

    @property
    def kept_bytes(self) -> int:
        return sum(variable.nbytes for state in self.begins.values() for variable in state)


MEMBRANES: dict[str, type[Membranes]] = {
    "stored": StoredMembranes,
    "reversed": ReversedMembranes,
    "recomputed": RecomputedMembranes,
}
"""The engine's implementations, by name of `lifsim.keeping`."""


def _step(rows: Array, index: int) -> Array:
    return rows if len(rows) == 1 else rows[index : index + 1]
