"""LIF neurons: charge, fire, reset; one state used by several calls in turn (docs/model.md, "LIF neuron").

    hard reset:  u' = u + (x - (u - u_reset)) / tau ;  s = [u' >= theta] ;  u = s ? u_reset : u'
    soft reset:  u' = u + (x - u) / tau             ;  s = [u' >= theta] ;  u = u' - s * theta

and without `decay_input` u' = lambda u + x, lambda = 1 - 1/tau. Evaluated in the order and precision of SpikingJelly's
LIFNode, bit for bit. Arrays are channels last with all pixels of all images in one axis: x [T, P, C], state [P, C/N].
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from lifsim.config.network import Neuron
from lifsim.engine.jit import compiled
from lifsim.engine.workers import Workers

Array = NDArray[Any]


class Constants(NamedTuple):
    """A `Neuron` in the precision of its membranes, as the kernels take it. leak = 1 - 1/tau."""

    tau: Any
    leak: Any
    threshold: Any
    u_reset: Any
    hard: bool
    decay_input: bool


def constants_of(neuron: Neuron, dtype: DTypeLike) -> Constants:
    """The neuron's parameters, rounded once to `dtype`. The soft reset knows no reset potential."""
    real: Any = np.dtype(dtype).type
    hard = neuron.reset == "hard"
    u_reset = neuron.u_reset if hard else 0.0
    return Constants(
        real(neuron.tau), real(1 - 1 / neuron.tau), real(neuron.threshold), real(u_reset), hard, neuron.decay_input
    )


def initial_state(neuron: Neuron, shape: tuple[int, ...], dtype: DTypeLike) -> Array:
    """Membranes before the first call: at rest, which is u_reset for the hard reset and 0 for the soft one."""
    return np.full(shape, constants_of(neuron, dtype).u_reset, dtype)


def fire(x: Array, state: Array, steps: int, neuron: Neuron, workers: Workers, charged: Array | None = None) -> Array:
    """Spikes uint8 [steps, P, C] of x [steps or 1, P, C]; updates `state` [P, C/N] in place.

    Per timestep the N = C / state channels groups of x use the state in turn, group 0 first. x with one timestep is
    replayed. charged: if given, takes u' of every call, [steps, P, C].
    """
    spikes = np.empty((steps, *x.shape[1:]), np.uint8)
    constants = constants_of(neuron, state.dtype)
    kept = np.empty((0, 0, 0), state.dtype) if charged is None else charged
    workers.run(_fire, x.shape[1], x, state, constants, spikes, kept)
    return spikes


@compiled
def _charge(u, x, k):  # type: ignore[no-untyped-def]
    """u' in the order of operations that SpikingJelly uses for each form."""
    if k.decay_input:
        return u + (x - (u - k.u_reset)) / k.tau
    if k.u_reset == 0:
        return u * k.leak + x
    return u - (u - k.u_reset) / k.tau + x


@compiled
def _fire(start, stop, x, state, k, spikes, kept):  # type: ignore[no-untyped-def]
    """Pixels `start` to `stop`, all their timesteps and channel groups."""
    channels = state.shape[1]
    replay, keep = x.shape[0] == 1, kept.shape[0] > 0
    for p in range(start, stop):
        for t in range(spikes.shape[0]):
            current = x[0 if replay else t, p]
            for group in range(x.shape[2] // channels):
                base = group * channels
                for c in range(channels):
                    u = _charge(state[p, c], current[base + c], k)
                    spike = u >= k.threshold
                    spikes[t, p, base + c] = spike
                    if keep:
                        kept[t, p, base + c] = u
                    if k.hard:
                        state[p, c] = k.u_reset if spike else u
                    else:
                        state[p, c] = u - k.threshold if spike else u
