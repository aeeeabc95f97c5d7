"""The backward pass of LIF calls: u' from a stored copy, or by undoing the call.

With the reset path detached, and g the gradients of the call's spikes and of the state that it leaves,

    g_u' = g_s surrogate(u' - theta) + g_u (soft reset) or g_u (1 - s) (hard reset)
    g_x  = g_u' / tau (decay_input) or g_u' ;   g_u of the call before = (1 - 1/tau) g_u'

A call with the soft reset is undone by u' = u + s theta, u_before = (u' - x / tau) / (1 - 1/tau).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifsim.config.network import Neuron
from lifsim.engine.jit import compiled
from lifsim.engine.neurons import constants_of
from lifsim.engine.training.surrogate import Surrogate, slope
from lifsim.engine.workers import Workers

Array = NDArray[Any]


def backward_stored(
    grad: Array,
    spikes: Array,
    charged: Array,
    grad_state: Array,
    neuron: Neuron,
    surrogate: Surrogate,
    workers: Workers,
) -> Array:
    """Gradient of x, [T, P, C], from that of the spikes, with u' of every call, `charged` [T, P, C], in membrane
    precision.

    grad_state: gradient of the state after the last call, [P, C/N]; becomes that of the state before the first.
    """
    grad_x = np.empty_like(grad)
    constants = constants_of(neuron, charged.dtype)
    arguments = (spikes, charged, grad_state, constants, surrogate.code, surrogate.alpha, grad_x)
    workers.run(_backward_stored, grad.shape[1], grad, *arguments)
    return grad_x


def backward_reversed(
    grad: Array,
    spikes: Array,
    x: Array,
    state: Array,
    grad_state: Array,
    neuron: Neuron,
    surrogate: Surrogate,
    workers: Workers,
) -> Array:
    """As `backward_stored`, with u' recomputed from the state [P, C/N] after the last call, the spikes and the inputs
    x [T or 1, P, C]. `state` becomes the state before the first call. For the soft reset only."""
    grad_x = np.empty_like(grad)
    constants = constants_of(neuron, state.dtype)
    arguments = (spikes, x, state, grad_state, constants, surrogate.code, surrogate.alpha, grad_x)
    workers.run(_backward_reversed, grad.shape[1], grad, *arguments)
    return grad_x


@compiled
def _backward_stored(start, stop, grad, spikes, charged, grad_state, k, code, alpha, grad_x):  # type: ignore[no-untyped-def]
    channels = grad_state.shape[1]
    gain = 1 / k.tau if k.decay_input else 1.0
    for p in range(start, stop):
        for t in range(grad.shape[0] - 1, -1, -1):
            for base in range(grad.shape[2] - channels, -1, -channels):
                for c in range(channels):
                    d = charged[t, p, base + c] - k.threshold
                    kept = grad_state[p, c] * (1 - spikes[t, p, base + c]) if k.hard else grad_state[p, c]
                    g = grad[t, p, base + c] * slope(d, code, alpha) + kept
                    grad_x[t, p, base + c] = g * gain
                    grad_state[p, c] = g * k.leak


@compiled
def _backward_reversed(start, stop, grad, spikes, x, state, grad_state, k, code, alpha, grad_x):  # type: ignore[no-untyped-def]
    channels = grad_state.shape[1]
    replay = x.shape[0] == 1
    gain = 1 / k.tau if k.decay_input else 1.0
    for p in range(start, stop):
        for t in range(grad.shape[0] - 1, -1, -1):
            current = x[0 if replay else t, p]
            for base in range(grad.shape[2] - channels, -1, -channels):
                for c in range(channels):
                    charged = state[p, c] + spikes[t, p, base + c] * k.threshold
                    state[p, c] = (charged - current[base + c] * gain) / k.leak
                    g = grad[t, p, base + c] * slope(charged - k.threshold, code, alpha) + grad_state[p, c]
                    grad_x[t, p, base + c] = g * gain
                    grad_state[p, c] = g * k.leak
