"""Seeded random weights to start from."""

from __future__ import annotations

import math

import numpy as np

from lifsim.config.network import Network
from lifsim.engine.weights import Weights, checked_weights, weight_shapes

_INPUT_POWER = 0.2  # mean square of inputs that are spikes: their usual rate


def random_weights(network: Network, seed: int) -> Weights:
    """Weights N(0, 1 / (0.2 fan-in)), so that spikes at a rate of 0.2 drive neurons with unit variance; no biases;
    batch norms that do nothing. float32; each array has a random stream of its own."""
    arrays = {}
    for index, (name, shape) in enumerate(weight_shapes(network).items()):
        values = np.zeros(shape)
        if name.endswith((".bn.weight", ".bn.running_var")):
            values = np.ones(shape)
        elif len(shape) > 1:
            deviation = 1 / math.sqrt(_INPUT_POWER * math.prod(shape[1:]))
            values = np.random.default_rng([seed, index]).normal(0, deviation, shape)
        arrays[name] = values.astype(np.float32)
    return checked_weights(network, arrays)
