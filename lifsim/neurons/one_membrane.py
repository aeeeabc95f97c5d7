"""Neurons whose whole state is one membrane: what those with a leak and those without have in common."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from lifsim.kernels.jit import deferred
from lifsim.neurons.parameters import Numbers, largest, rounded, smallest, varying, wide
from lifsim.neurons.protocol import Broken, Compiled, Linear, NeuronModel, State
from lifsim.neurons.reset import Reset

Array = NDArray[Any]

compiled = deferred("neurons/*.py")


class Constants(NamedTuple):
    """Parameters as the calls take them. leak = 1 - 1/tau. The soft reset knows no reset potential: it is 0."""

    tau: Any
    leak: Any
    threshold: Any
    u_reset: Any
    hard: bool
    decay_input: bool


class OneMembrane(NeuronModel):
    """u' = u + (x - (u - u_reset)) / tau, or (1 - 1/tau) u + x without `decays_input`."""

    u_reset: Numbers

    @property
    def resets(self) -> Reset:
        """When it fires and how it is reset."""
        raise NotImplementedError

    @property
    def leak_tau(self) -> Numbers:
        """tau; inf: no leak."""
        raise NotImplementedError

    @property
    def decays_input(self) -> bool:
        """Whether the input is divided by tau."""
        return False

    def broken_rules(self) -> Broken:
        """A hard reset must end the spike."""
        highest, threshold = largest(self.u_reset), smallest(self.threshold)
        if self.resets.hard and highest is not None and threshold is not None and highest >= threshold:
            yield "u_reset", f"{highest:g} must be < threshold {threshold:g}"

    def rest(self) -> tuple[Numbers, ...]:
        """u_reset under the hard reset, else 0."""
        return (self.u_reset if self.resets.hard else 0.0,)

    def constants(self, dtype: DTypeLike) -> Constants:
        """The leak is computed in float64."""
        numbers = self.leak_tau, 1 - 1 / wide(self.leak_tau), self.threshold, self.rest()[0]
        tau, leak, threshold, u_reset = (rounded(number, dtype) for number in numbers)
        return Constants(tau, leak, threshold, u_reset, self.resets.hard, self.decays_input)

    def charge(self, x: Array, state: State, k: Constants) -> State:
        """Integrates, and leaks unless that waits for the reset."""
        (u,), resets = state, self.resets
        if resets.before_leak and not resets.in_next:
            return (u + x / k.tau if k.decay_input else u + x,)
        kept = resets.before(u, k.threshold, k.u_reset)
        charged = kept + (x - (kept - k.u_reset)) / k.tau if k.decay_input else _leaked(kept, k) + x
        return (resets.behind(charged, u, k.threshold, k.u_reset),)

    def fire(self, charged: State, k: Constants) -> Array:
        """At the threshold or above it."""
        return self.resets.fire(charged[0], k.threshold)

    def settle(self, charged: State, spikes: Array, k: Constants) -> State:
        """The reset, unless the next call does it, and the leak if it waited for it."""
        resets = self.resets
        if resets.in_next:
            return charged
        u = resets.apply(charged[0], spikes, k.threshold, k.u_reset)
        return (_leaked(u, k) if resets.before_leak else u,)

    def compiled(self) -> Compiled | None:
        """Of neurons that are all alike, fire at the threshold and are reset at once."""
        return None if varying(self) or not self.resets.is_usual else Compiled(_fire)

    def linear(self) -> Linear | None:
        """Where the call ends with the reset."""
        if not self.resets.is_done_last:
            return None
        tau = wide(self.leak_tau)
        gain = 1 / tau if self.decays_input else np.float64(1)
        return Linear(((1 - 1 / tau,),), (gain,), self.resets.hard)

    def cannot_be_undone(self) -> str | None:
        """The hard reset; what the next call resets by is not kept."""
        if self.resets.hard:
            return "hard reset forgets the membrane"
        if not self.resets.is_done_last:
            return "a reset before the leak or in the next step is not undone"
        return None

    def undoing_error(self) -> float:
        """1 / (1 - 1/tau)."""
        return float(np.max(1 / (1 - 1 / wide(self.leak_tau))))


def _leaked(u: Array, k: Constants) -> Array:
    """In the order of operations that SpikingJelly uses."""
    leaked: Array = u * k.leak if np.all(k.u_reset == 0) else u - (u - k.u_reset) / k.tau
    return leaked


@compiled
def _charge(u, x, k):  # type: ignore[no-untyped-def]
    """u' in the order of operations that SpikingJelly uses for each form. `/` would look for zeros, and so take one
    neuron at a time."""
    if k.decay_input:
        return u + np.divide(x - (u - k.u_reset), k.tau)
    if k.u_reset == 0:
        return u * k.leak + x
    return u - np.divide(u - k.u_reset, k.tau) + x


@compiled
def _fire(start, stop, x, state, k, spikes, kept):  # type: ignore[no-untyped-def]
    """Pixels `start` to `stop`, all their timesteps and channel groups; each step of a call over all its neurons, as
    vector instructions want it."""
    channels = state.shape[1]
    replay, keep = x.shape[0] == 1, kept.shape[0] > 0
    for p in range(start, stop):
        u = state[p]
        for t in range(spikes.shape[0]):
            for base in range(0, x.shape[2], channels):
                current, fired = x[0 if replay else t, p, base : base + channels], spikes[t, p, base : base + channels]
                for c in range(channels):
                    u[c] = _charge(u[c], current[c], k)
                    fired[c] = u[c] >= k.threshold
                if keep:
                    for c in range(channels):
                        kept[t, p, base + c] = u[c]
                if k.hard:
                    for c in range(channels):
                        u[c] = k.u_reset if fired[c] else u[c]
                else:
                    for c in range(channels):
                        u[c] = u[c] - k.threshold if fired[c] else u[c]
