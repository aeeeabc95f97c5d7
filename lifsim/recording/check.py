"""Checks whether LIFSim's engine fires as the model did, layer by layer, each on the model's spikes of the layers
before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifsim.engine.inference import Engine, network_faults
from lifsim.engine.layout import as_rows, to_channels_first, to_channels_last
from lifsim.engine.neurons import bound, fire, rest
from lifsim.engine.order import Stretch, Walk
from lifsim.engine.weights import Weights
from lifsim.engine.workers import Workers
from lifsim.errors import Fault, InputError
from lifsim.graph.states import State
from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Input, Lif, Network, Node
from lifsim.model.sharing import Sharing
from lifsim.units import counted

Array = NDArray[Any]

NEAR = 1e-6
"""Of the largest membrane of a layer: a spike that differs with its membrane so near its threshold differs by
rounding, for sums are added in another order."""
OUTPUT_TOLERANCE = 1e-4


@dataclass(frozen=True)
class Difference:
    """A neuron that fires in LIFSim's engine and did not in the model, or the other way around. distance: of its
    membrane from the threshold."""

    layer: str
    timestep: int
    image: int
    element: tuple[int, ...]
    distance: float


def differences(
    network: Network, sharing: str, weights: Weights, inputs: Array, fired: Mapping[str, Array], outputs: Array
) -> tuple[Difference, ...]:
    """The spikes, by layer [T, B, ...], and the outputs in which the model and LIFSim under `sharing` differ.

    Computed in float64 if the inputs are. Only the first difference of a neuron is listed. Raises InputError if one
    is more than rounding.
    """
    if network_faults(network):
        return ()
    dtype = np.float64 if inputs.dtype == np.float64 else np.float32
    run = _Beside(Engine(network, Sharing.parse(sharing), weights, dtype), to_channels_last(inputs), fired)
    found = to_channels_first(Walk(network, [Stretch(network.nodes, True)], run.compute).run())
    if run.faults:
        raise InputError(run.faults)
    away = np.abs(found.astype(np.float64) - outputs)
    if not bool((away <= OUTPUT_TOLERANCE * np.maximum(1, np.abs(outputs))).all()):
        message = f"puts out values that differ from LIFSim's engine's by up to {away.max():g}"
        raise InputError(Fault(message, path=network.nodes[-1].name))
    return tuple(run.differences)


class _Beside:
    """A walk over the network on the model's spikes, which computes LIFSim's own beside them."""

    def __init__(self, engine: Engine, inputs: Array, fired: Mapping[str, Array]) -> None:
        self._engine, self._inputs, self._fired = engine, inputs, fired
        self._sets = {lif: state for state in engine.states for lif in state.lifs}
        self._waiting: dict[str, list[tuple[Lif, Array]]] = {}
        self.differences: list[Difference] = []
        self.faults: list[Fault] = []

    def compute(self, node: Node, inputs: Sequence[Array], _: int, timesteps: int) -> Array:
        match node:
            case Input():
                return self._inputs
            case Lif():
                return self._take(node, inputs[0].astype(self._engine.dtype, copy=False), timesteps)
            case _:
                return self._engine.operators[node.name](inputs)

    def _take(self, node: Lif, x: Array, timesteps: int) -> Array:
        """Take the model's spikes. Neurons that share a state wait for the last of them."""
        state = self._sets[node.name]
        waiting = self._waiting.setdefault(state.name, [])
        waiting.append((node, x))
        if len(waiting) == len(state.lifs):
            self._compare(state, waiting, timesteps)
        return self._given(node)

    def _given(self, node: Lif) -> Array:
        return to_channels_last(self._fired[node.name]).astype(np.uint8)

    def _compare(self, state: State, members: Sequence[tuple[Lif, Array]], timesteps: int) -> None:
        """What the neurons of one state fire, in turn within a timestep if they are of several layers."""
        batch, dtype = members[0][1].shape[1], self._engine.dtype
        neurons = [bound(node, self._engine.weights, batch) for node, _ in members]
        rows = [as_rows(x) for _, x in members]
        kept = rest(neurons[0], state.shape, batch, dtype)
        charged = np.empty((timesteps, len(members), *rows[0].shape[1:]), dtype)
        spikes = np.empty(charged.shape, np.uint8)
        span = timesteps if len(members) == 1 else 1
        for begin in range(0, timesteps, span):
            for turn, (neuron, row) in enumerate(zip(neurons, rows, strict=True)):
                steps = slice(begin, begin + span)
                u = np.empty((span, *row.shape[1:]), dtype)
                x = row if len(row) == 1 else row[steps]
                spikes[steps, turn] = fire(x, kept, span, neuron, Workers(), u)
                charged[steps, turn] = u
        given = np.stack([self._given(node).reshape(timesteps, *rows[0].shape[1:]) for node, _ in members], axis=1)
        differ = (given != spikes).reshape(-1, *rows[0].shape[1:])
        differ[1:] &= ~np.maximum.accumulate(differ, axis=0)[:-1]
        differ = differ.reshape(spikes.shape)
        for turn, ((node, x), neuron) in enumerate(zip(members, neurons, strict=True)):
            if differ[:, turn].any():
                distance = np.abs(charged[:, turn] - neuron.constants(dtype).threshold)
                near = NEAR * max(1.0, float(np.abs(charged[:, turn]).max()))
                first = [to_channels_first(one.reshape(timesteps, *x.shape[1:])) for one in (differ[:, turn], distance)]
                self._tell(node, first[0], first[1], near)

    def _tell(self, node: Lif, differ: Array, distance: Array, near: float) -> None:
        places, away = np.argwhere(differ), distance[differ]
        for (timestep, image, *element), one in zip(places.tolist(), away.tolist(), strict=True):
            self.differences.append(Difference(node.name, timestep, image, tuple(element), one))
        if away.max() > near:
            timestep, image, *element = places[away.argmax()].tolist()
            count = counted(len(places), "time")
            what = f"fires otherwise than LIFSim's neuron with the parameters that were read, {count}"
            where = f"the clearest at timestep {timestep} of image {image}, element {element}"
            ways = (
                "must keep its state from timestep to timestep, for itself alone, and begin at rest; neurons of "
                "another kind are described with neurons="
            )
            self.faults.append(Fault(f"{what} ({where}, {away.max():g} from its threshold): {ways}", path=node.name))
