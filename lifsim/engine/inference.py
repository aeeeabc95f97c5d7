"""Inference: the spikes, membranes and outputs of a network under a sharing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from lifsim.engine.layout import as_rows, to_channels_first, to_channels_last
from lifsim.engine.neurons import bound, fire, rest
from lifsim.engine.operators import operator_of
from lifsim.engine.order import Walk, stretches_of
from lifsim.engine.rehearsal import ready
from lifsim.engine.weights import Weights
from lifsim.engine.workers import Workers
from lifsim.errors import Fault, InputError
from lifsim.graph.states import State, states_of
from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Input, Lif, Network, Node
from lifsim.model.product import Operator
from lifsim.model.sharing import Sharing
from lifsim.neurons.protocol import MEMBRANE
from lifsim.units import counted

Array = NDArray[Any]
Observer = Callable[[Node, int, Array], None]


@dataclass(frozen=True)
class Outcome:
    """The outcome of a run. outputs: of the network's last node, [timesteps, B, ...]; states: after the last call, by
    the name of the first LIF that uses a state, every variable by its name, [B, C/N, H, W] or [B, F/N]."""

    outputs: Array
    states: Mapping[str, Mapping[str, Array]]

    @property
    def membranes(self) -> dict[str, Array]:
        """The membrane of each set of states."""
        return {name: variables[MEMBRANE.name] for name, variables in self.states.items()}


@dataclass(frozen=True)
class Engine:
    """A network with weights under a sharing, ready to run. dtype: float32 or float64.

    The same inputs give the same bits whatever the number of threads and the other images in the batch.
    """

    network: Network
    sharing: Sharing
    weights: Weights
    dtype: DTypeLike = np.float32
    workers: Workers = field(default_factory=Workers)

    def __post_init__(self) -> None:
        faults = network_faults(self.network)
        if faults:
            raise InputError(faults)

    @cached_property
    def states(self) -> tuple[State, ...]:
        """The sets of membranes, in order of first use. Raises InputError if the sharing does not fit the network."""
        return states_of(self.network, self.sharing)

    @cached_property
    def operators(self) -> Mapping[str, Operator]:
        """The stateless operations by node."""
        ready(("inference",), self.dtype)
        stateless = (node for node in self.network.nodes if not isinstance(node, Input | Lif))
        return {
            node.name: operator_of(self.network, node, self.weights, self.dtype, self.workers) for node in stateless
        }

    def run(self, x: Array, observe: Observer | None = None, observe_charged: Observer | None = None) -> Outcome:
        """Run encoded inputs x [T, B, C, H, W] or [T, B, F], with one timestep for all T under direct encoding.

        observe: called as observe(node, timestep, value) for each node in order, value [timesteps, B, C, H, W] or
        [timesteps, B, F] from `timestep` on; the array must not be kept. observe_charged: the same for the membranes u'
        of each LIF layer, charged and not yet reset. Raises InputError.
        """
        checked = checked_input(self.network, x, self.dtype)
        return _Run(self, to_channels_last(checked), observe, observe_charged).outcome()


def network_faults(network: Network) -> list[Fault]:
    """Why the spikes of `network` cannot be computed: unconnected parts."""
    inputs = [node.name for node in network.nodes if isinstance(node, Input)]
    return [Fault(f"{network.name} must be one connected network, without inputs of its own", n) for n in inputs[1:]]


def not_finite(x: Array) -> str:
    """How many values are NaN or infinite, in words; "" if none is."""
    if x.dtype.kind != "f" or np.isfinite(x).all():
        return ""
    return f"{int((~np.isfinite(x)).sum())} of {counted(x.size, 'value')} are not finite"


def checked_input(network: Network, x: Array, dtype: DTypeLike) -> Array:
    """x in the type the kernels want: uint8 spikes, or real values. Raises InputError."""
    tensor = network.nodes[0].output
    faults = []
    if x.shape[0:1] != (tensor.timesteps,) or x.shape[2:] != tensor.shape or 0 in x.shape:
        wanted = ["B" if part is None else part for part in (tensor.timesteps, None, *tensor.shape)]
        listed = ", ".join(map(str, wanted))
        faults.append(Fault(f"shape {list(x.shape)} must be [{listed}] for {network.name}", path="input"))
    if x.dtype.kind not in "fiub":
        faults.append(Fault(f"type {x.dtype} must be a number", path="input"))
    elif broken := not_finite(x):
        faults.append(Fault(broken, path="input"))
    elif tensor.is_spikes and not ((x == 0) | (x == 1)).all():
        faults.append(Fault(f"{network.encoding} encoding must give spikes, 0 or 1, at every timestep", path="input"))
    if faults:
        raise InputError(faults)
    return x.astype(np.uint8 if tensor.is_spikes else dtype)


class _Run:
    """One forward pass over the network with its states."""

    def __init__(self, engine: Engine, x: Array, observe: Observer | None, observe_charged: Observer | None) -> None:
        self._engine = engine
        self._x = x
        self._observe = observe
        self._observe_charged = observe_charged
        self._state_of = {name: state.name for state in engine.states for name in state.lifs}
        self._neurons = {lif.name: bound(lif, engine.weights, x.shape[1]) for lif in engine.network.lifs}
        self._state = {
            state.name: rest(self._neurons[state.name], state.shape, x.shape[1], engine.dtype)
            for state in engine.states
        }

    def outcome(self) -> Outcome:
        network, states = self._engine.network, self._engine.states
        outputs = Walk(network, stretches_of(network, states), self._compute).run()
        return Outcome(to_channels_first(outputs), {state.name: self._variables_of(state) for state in states})

    def _variables_of(self, state: State) -> dict[str, Array]:
        channels, *pixels = state.shape
        shape = (self._x.shape[1], *pixels, channels)
        names = (variable.name for variable in self._neurons[state.name].states)
        arrays = (np.moveaxis(values.reshape(shape), -1, 1) for values in self._state[state.name])
        return dict(zip(names, arrays, strict=True))

    def _compute(self, node: Node, inputs: Sequence[Array], timestep: int, timesteps: int) -> Array:
        match node:
            case Input():
                value = self._x
            case Lif():
                value = self._fire(node, inputs[0].astype(self._engine.dtype, copy=False), timestep, timesteps)
            case _:
                value = self._engine.operators[node.name](inputs)
        if self._observe is not None:
            self._observe(node, timestep, to_channels_first(value))
        return value

    def _fire(self, node: Lif, x: Array, timestep: int, timesteps: int) -> Array:
        rows, shape = as_rows(x), (timesteps, *x.shape[1:])
        charged = None if self._observe_charged is None else np.empty((timesteps, *rows.shape[1:]), rows.dtype)
        state = self._state[self._state_of[node.name]]
        spikes = fire(rows, state, timesteps, self._neurons[node.name], self._engine.workers, charged)
        if self._observe_charged is not None and charged is not None:
            self._observe_charged(node, timestep, to_channels_first(charged.reshape(shape)))
        return spikes.reshape(shape)
