"""Calibrated weights: random ones, tuned until each layer fires at the rate that the workload states.

Seeded random filters; batch norms (or, without them, the scale of the weights) set so that the drive of a layer has
unit variance; then one number per LIF layer, the mean of its drive, is moved until the share of ones among the inputs
of the layer that reads it is the stated mean over time. Layers are tuned in network order; layers that share membranes
are tuned together, since their spikes depend on each other's.

The spikes have the stated rates, and the correlations that convolutions, membranes and sharing cause. They have none of
the effects of training: selectivity, silent channels, rates that differ between classes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifsim.engine.inference import checked_input, network_faults
from lifsim.engine.initial import random_weights
from lifsim.engine.layout import as_rows, to_channels_last
from lifsim.engine.neurons import bound, fire, rest
from lifsim.engine.operators import folded_norm, operator_of
from lifsim.engine.order import Stretch, Walk, stretches_of
from lifsim.engine.rehearsal import ready
from lifsim.engine.weights import BN_EPSILON, Weights, checked_weights
from lifsim.engine.workers import Workers
from lifsim.errors import Fault, InputError
from lifsim.graph.states import states_of
from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Input, Lif, Network, Node
from lifsim.model.product import Operator, Product
from lifsim.model.sharing import Sharing
from lifsim.neurons import State as Variables
from lifsim.watch import Tally, Watch, unwatched

Array = NDArray[Any]

WAYS = "in the workload (spikes.rates) or by --rate; --weights FILE, of lifsim train, needs none"
TOLERANCE = 0.01  # share of ones that a layer's rate may be off
_AIM = 0.002
_NORMALISATIONS = 3  # forward passes that set norms, before the drives are moved
_PASSES = 80
_FIRST_MOVE = 0.25  # standard deviations of the drive


def calibration_faults(network: Network) -> list[Fault]:
    """Why `network` cannot be calibrated: it cannot be run, or layers have no stated rate."""
    return network_faults(network) + [
        Fault(f"must have a stated rate to be calibrated to, {WAYS}", f"spikes.rates.{reader.rate}")
        for lif, reader in _readers(network).items()
        if reader.rate not in network.spikes.rates and _tuned(network, lif)
    ]


def calibrated_weights(
    network: Network, sharing: Sharing, x: Array, seed: int, workers: Workers, watch: Watch = unwatched
) -> Weights:
    """Weights under which `network` fires at its workload's rates on the encoded inputs x [timesteps, B, ...].

    Raises InputError, naming every layer that has no stated rate, or whose rate cannot be reached to 1 per cent point.
    """
    if faults := calibration_faults(network):
        raise InputError(faults)
    images = to_channels_last(checked_input(network, x, np.float32))
    ready(("inference",), np.float32, watch)
    return _Calibration(network, sharing, images, seed, workers).run(watch)


@dataclass(frozen=True)
class _Reader:
    """A reader of a LIF layer: the name of its stated rate, and of the node that it reads, perhaps behind pools."""

    rate: str
    probe: str


def _readers(network: Network) -> dict[str, _Reader]:
    """For each LIF layer, the first array layer that reads its spikes, directly or through pools, adds and means."""
    found: dict[str, _Reader] = {}
    for layer in network.layers:
        node = network.node(layer.name)
        for probe, one in zip(node.inputs, layer.traced, strict=True):
            for source in _sources(network, probe):
                if isinstance(source, Lif):
                    found.setdefault(source.name, _Reader(one.name, probe))
    return found


def _sources(network: Network, name: str) -> Iterator[Product | Lif]:
    """The LIF and array layers from which pools, adds and means make the node of that name; such a layer itself."""
    node = network.node(name)
    if isinstance(node, Lif | Product):
        yield node
    else:
        for source in node.inputs:
            yield from _sources(network, source)


def _driver(network: Network, lif: str) -> Product:
    """The array layer in front of a LIF layer."""
    (drive,) = network.node(lif).inputs
    return next(source for source in _sources(network, drive) if isinstance(source, Product))


def _tuned(network: Network, lif: str) -> bool:
    """Whether there is something to tune: the product of two tensors has no weights."""
    return _driver(network, lif).weight_shape is not None


@dataclass
class _Knob:
    """The mean drive of one LIF layer, moved by the error of its rate, in steps that shrink when it overshoots."""

    lif: str
    driver: Product
    probe: str
    target: float
    move: float = _FIRST_MOVE
    direction: float = 0.0

    def step(self, rate: float) -> float:
        """How far to move the drive, given the rate that the last forward pass had."""
        off = self.target - rate
        if abs(off) <= _AIM / 2:
            return 0.0
        direction = math.copysign(1.0, off)
        if self.direction:
            self.move *= 1.4 if direction == self.direction else 0.4
        self.direction = direction
        return direction * self.move


@dataclass
class _Pass:
    """What one forward pass over a segment has seen: ones and elements by tensor, drives' moments by weight layer."""

    ones: dict[str, int] = field(default_factory=dict)
    elements: dict[str, int] = field(default_factory=dict)
    moments: dict[str, tuple[Array, Array, int]] = field(default_factory=dict)

    def see(self, node: Node, value: Array) -> None:
        """Count a node's value, [timesteps, B, ..., C]."""
        self.ones[node.name] = self.ones.get(node.name, 0) + int(np.count_nonzero(value))
        self.elements[node.name] = self.elements.get(node.name, 0) + value.size
        if isinstance(node, Product):
            axes = tuple(range(value.ndim - 1))
            total = value.sum(axis=axes, dtype=np.float64)
            squares = np.square(value, dtype=np.float64).sum(axis=axes)
            before = self.moments.get(node.name, (0.0, 0.0, 0))
            count = value.size // value.shape[-1]
            self.moments[node.name] = (before[0] + total, before[1] + squares, before[2] + count)

    def rate(self, name: str) -> float:
        """Share of ones."""
        return self.ones[name] / self.elements[name]


class _Calibration:
    def __init__(self, network: Network, sharing: Sharing, x: Array, seed: int, workers: Workers) -> None:
        self._network = network
        self._x = x
        self._workers = workers
        self._weights = {name: value.astype(np.float64) for name, value in random_weights(network, seed).items()}
        self._states = states_of(network, sharing)
        self._state_of = {name: state for state in self._states for name in state.lifs}
        self._variables: dict[str, Variables] = {}
        self._neurons = {lif.name: bound(lif, self._weights, x.shape[1]) for lif in network.lifs}
        self._operators: dict[str, Operator] = {}
        self._pass = _Pass()

    def run(self, watch: Watch) -> Weights:
        segments = _segments(stretches_of(self._network, self._states))
        tally = Tally(watch, "layers calibrated", len(segments))
        walk = Walk(self._network, [stretch for segment in segments for stretch in segment], self._compute)
        faults: list[Fault] = []
        for segment in segments:
            faults += self._tune(walk, segment)
            tally.add(1)
        if faults:
            raise InputError(faults)
        return checked_weights(self._network, {n: v.astype(np.float32) for n, v in self._weights.items()})

    def _tune(self, walk: Walk, segment: Sequence[Stretch]) -> list[Fault]:
        """Tune the layers of a segment; return the rates that could not be reached."""
        names = {node.name for stretch in segment for node in stretch.nodes}
        knobs = [knob for knob in self._knobs() if knob.lif in names]
        nodes = (node for stretch in segment for node in stretch.nodes)
        layers = [node for node in nodes if isinstance(node, Product) and node.weight_shape is not None]
        for index in range(_PASSES):
            self._variables.clear()
            self._operators.clear()
            self._pass = _Pass()
            for stretch in segment:
                walk.cross(stretch)
            rates = {knob.lif: self._pass.rate(knob.probe) for knob in knobs}
            off = max((abs(rates[knob.lif] - knob.target) for knob in knobs), default=0.0)
            settled = index >= _NORMALISATIONS and off <= _AIM
            if settled or index == _PASSES - 1:
                break
            if index < _NORMALISATIONS:
                for layer in layers:
                    self._normalise(layer)
            else:
                for knob in knobs:
                    self._shift(knob.driver, knob.step(rates[knob.lif]))
        for stretch in segment:
            walk.leave(stretch)
        return [
            Fault(f"cannot be tuned to the stated rate {knob.target:.4f}; reaches {rates[knob.lif]:.4f}", knob.lif)
            for knob in knobs
            if abs(rates[knob.lif] - knob.target) > TOLERANCE
        ]

    def _knobs(self) -> Iterator[_Knob]:
        for lif, reader in _readers(self._network).items():
            if _tuned(self._network, lif):
                rates = self._network.spikes.rates[reader.rate]
                yield _Knob(lif, _driver(self._network, lif), reader.probe, sum(rates) / len(rates))

    def _compute(self, node: Node, inputs: Sequence[Array], timestep: int, timesteps: int) -> Array:
        del timestep
        match node:
            case Input():
                value = self._x
            case Lif():
                value = self._fire(node, inputs[0].astype(np.float32, copy=False), timesteps)
            case _:
                if node.name not in self._operators:
                    self._operators[node.name] = operator_of(
                        self._network, node, self._weights, np.float32, self._workers
                    )
                value = self._operators[node.name](inputs)
        self._pass.see(node, value)
        return value

    def _fire(self, node: Lif, x: Array, timesteps: int) -> Array:
        state = self._state_of[node.name]
        if state.name not in self._variables:
            self._variables[state.name] = rest(self._neurons[state.name], state.shape, x.shape[1], np.float32)
        spikes = fire(as_rows(x), self._variables[state.name], timesteps, self._neurons[node.name], self._workers)
        return spikes.reshape(timesteps, *x.shape[1:])

    def _normalise(self, layer: Product) -> None:
        """Give the layer's drive unit variance and, with a batch norm, mean 0 in each channel."""
        total, squares, count = self._pass.moments[layer.name]
        mean = total / count
        variance = np.maximum(squares / count - mean**2, 0)
        if not layer.batch_norm:
            self._weights[f"{layer.name}.weight"] /= math.sqrt(float(variance.mean()) or 1.0)
            return
        scale, shift = folded_norm(layer, self._weights, np.float64)
        bias = self._weights[f"{layer.name}.bias"] if layer.bias else 0.0
        self._weights[f"{layer.name}.bn.running_mean"] = (mean - shift) / scale + bias
        self._weights[f"{layer.name}.bn.running_var"] = np.where(variance > 0, variance / scale**2 - BN_EPSILON, 1.0)

    def _shift(self, layer: Product, move: float) -> None:
        """Move the mean drive: by the norm's offset, else the bias, else the mean of the weights."""
        if layer.batch_norm:
            self._weights[f"{layer.name}.bn.bias"] += move
        elif layer.bias:
            self._weights[f"{layer.name}.bias"] += move
        else:
            weights = self._weights[f"{layer.name}.weight"]
            source = layer.inputs[0]
            rate = self._pass.rate(source) if source in self._pass.ones else 1.0
            weights += move / (math.prod(weights.shape[1:]) * max(rate, 0.05))


def _segments(stretches: Sequence[Stretch]) -> list[list[Stretch]]:
    """The network in segments, each tuned as a whole: cut before each weight layer that runs after a LIF layer has
    fired."""
    segments: list[list[Stretch]] = [[]]
    fired = False
    for stretch in stretches:
        if not stretch.folded:
            segments[-1].append(stretch)
            fired = True
            continue
        nodes: list[Node] = []
        for node in stretch.nodes:
            if fired and isinstance(node, Product):
                segments[-1] += [Stretch(tuple(nodes), folded=True)] if nodes else []
                segments.append([])
                nodes, fired = [], False
            nodes.append(node)
            fired = fired or isinstance(node, Lif)
        segments[-1] += [Stretch(tuple(nodes), folded=True)] if nodes else []
    return segments
