"""Seeded random weights to start from."""

from __future__ import annotations

import math

import numpy as np

from lifsim.engine.weights import Weights, checked_weights, neuron_parameters, weight_shapes
from lifsim.model.network import Network
from lifsim.neurons import NEURONS

_INPUT_POWER = 0.2  # mean square of inputs that are spikes: their usual rate


def random_weights(network: Network, seed: int) -> Weights:
    """Weights N(0, 1 / (0.2 fan-in)), so that spikes at a rate of 0.2 drive neurons with unit variance; no biases;
    batch norms that do nothing; parameters of neurons at their models' defaults. float32; each array has a random
    stream of its own."""
    arrays, neurons = {}, {name: usual_value(network, name) for name in neuron_parameters(network)}
    for index, (name, shape) in enumerate(weight_shapes(network).items()):
        values = np.zeros(shape)
        if name.endswith((".bn.weight", ".bn.running_var")):
            values = np.ones(shape)
        elif name in neurons:
            values = np.full(shape, neurons[name])
        elif len(shape) > 1:
            deviation = 1 / math.sqrt(_INPUT_POWER * math.prod(shape[1:]))
            values = np.random.default_rng([seed, index]).normal(0, deviation, shape)
        arrays[name] = values.astype(np.float32)
    return checked_weights(network, arrays)


def usual_value(network: Network, name: str) -> float:
    """The default of the parameter whose array has that name."""
    layer, _, parameter = name.rpartition(".")
    neuron = next(lif.neuron for lif in network.lifs if lif.name == layer)
    return float(getattr(NEURONS[neuron.name], parameter))
