"""A network whose spikes are smooth around one run of it, so that its loss can be differentiated by differences.

Around the run with weights w0, where a call charged its membrane to u0 and fired s0, its spike is

    s = s0 + F(u' - theta) - F(u0 - theta)

with F the surrogate's own primitive: at w0 the network is the spiking one, and the derivative of the spike is the
surrogate's slope. The reset takes s0, whatever the weights are: its path is detached.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifsim.graph.states import states_of
from lifsim.model.network import Input, Lif, Network
from lifsim.model.sharing import Sharing
from lifsim.neurons.lif import LifNeuron
from tests.oracles.lif import stateless

Floats = NDArray[np.float64]
Call = tuple[Floats, Floats]
"""(u', s) of a LIF call."""

PRIMITIVES: dict[str, Callable[[Floats, float], Floats]] = {
    "atan": lambda d, alpha: np.arctan(np.pi / 2 * alpha * d) / np.pi + 0.5,
    "sigmoid": lambda d, alpha: 1 / (1 + np.exp(-alpha * d)),
    "triangle": lambda d, alpha: _ramp(np.clip(alpha * d, -1, 1)),
}
"""By surrogate, what it is the derivative of: steps from 0 to 1 around d = 0."""


def _ramp(d: Floats) -> Floats:
    """The integral of max(0, 1 - |d|) from -1 on."""
    ramp: Floats = np.where(d < 0, (1 + d) ** 2 / 2, 1 - (1 - d) ** 2 / 2)
    return ramp


def loss(
    network: Network,
    sharing: Sharing,
    weights: dict[str, Any],
    x: Floats,
    labels: NDArray[np.int64],
    primitive: Callable[[Floats], Floats],
    around: list[Call] | None = None,
) -> tuple[float, list[Call]]:
    """Cross-entropy of the mean outputs for inputs x [steps, B, ...], and all LIF calls in order; spikes are smooth
    `around` the calls of another run, and hard without one."""
    membranes, state_of = {}, {}
    for state in states_of(network, sharing):
        neuron = next(lif.neuron for lif in network.lifs if lif.name == state.lifs[0])
        membranes[state.name] = np.full((x.shape[1], *state.shape), neuron.u_reset if neuron.reset == "hard" else 0.0)
        state_of |= dict.fromkeys(state.lifs, state.name)
    calls: list[Call] = []
    outputs = []
    for step in range(network.timesteps):
        values: dict[str, Floats] = {}
        for node in network.nodes:
            if isinstance(node, Input):
                values[node.name] = x[min(step, len(x) - 1)]
            elif isinstance(node, Lif):
                fired = []
                for current in np.split(values[node.inputs[0]], sharing.channels, axis=1):
                    nominal = around[len(calls)] if around else None
                    call, spikes, after = _fire(
                        current, membranes[state_of[node.name]], node.neuron, primitive, nominal
                    )
                    calls.append(call)
                    fired.append(spikes)
                    membranes[state_of[node.name]] = after
                values[node.name] = np.concatenate(fired, axis=1)
            else:
                values[node.name] = stateless(node, [values[name] for name in node.inputs], weights, np.float64)
        outputs.append(values[network.nodes[-1].name])
    logits = np.mean(outputs, axis=0)
    likelihood = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return float(-np.log(likelihood[np.arange(len(labels)), labels]).mean()), calls


def _fire(
    x: Floats, u: Floats, neuron: LifNeuron, primitive: Callable[[Floats], Floats], around: Call | None
) -> tuple[Call, Floats, Floats]:
    """One call: (u', hard spikes), its spikes, the membranes that it leaves."""
    rest = neuron.u_reset if neuron.reset == "hard" else 0.0
    charged = u - (u - rest) / neuron.tau + (x / neuron.tau if neuron.decay_input else x)
    if around is None:
        hard = (charged >= neuron.threshold).astype(np.float64)
        spikes = hard
    else:
        before, hard = around
        spikes = hard + primitive(charged - neuron.threshold) - primitive(before - neuron.threshold)
    after = charged * (1 - hard) + rest * hard if neuron.reset == "hard" else charged - neuron.threshold * hard
    return (charged, hard), spikes, after
