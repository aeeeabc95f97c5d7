"""A network whose spikes are smooth around one run of it, so that its loss can be differentiated by differences.

Around the run with weights w0, where a call charged its membrane to u0 and fired s0, its spike is

    s = s0 + F(u' - theta) - F(u0 - theta)

with F the surrogate's own primitive: at w0 the network is the spiking one, and the derivative of the spike is the
surrogate's slope. The reset takes s0, whatever the weights are: its path is detached. A max pool takes the pixels that
it took at w0, the first of those that are alike; a batch norm takes the statistics of the batch at each timestep.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from lifsim.layers.conv import Conv
from lifsim.layers.linear import Linear
from lifsim.model.network import Add, Input, Lif, Network, Node, Pool
from lifsim.model.sharing import Sharing
from lifsim.neurons.lif import LifNeuron
from tests.oracles.lif import calls as calls_of
from tests.oracles.lif import sets

Floats = NDArray[np.float64]
Call = tuple[Floats, Floats]
"""(u', s) of a LIF call."""


@dataclass
class Run:
    """What was decided in a run: the LIF calls, and the pixels that each max pool took, flat [B, C, E, F] indices into
    its windows; each in the order in which they were. variance: the least that a batch norm saw."""

    calls: list[Call] = field(default_factory=list)
    choices: list[NDArray[np.int64]] = field(default_factory=list)
    variance: float = np.inf


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
    around: Run | None = None,
) -> tuple[float, Run]:
    """Cross-entropy of the mean outputs for inputs x [steps, B, ...], and what was decided; spikes are smooth `around`
    another run, and hard without one."""
    membranes, state_of = {}, {}
    for lifs in sets(network, sharing):
        first, (channels, *pixels) = lifs[0], lifs[0].output.shape
        rest = first.neuron.u_reset if first.neuron.reset == "hard" else 0.0
        membranes[first.name] = np.full((x.shape[1], channels // calls_of(first, sharing), *pixels), rest)
        state_of |= {lif.name: first.name for lif in lifs}
    now, outputs = Run(), []
    for step in range(network.timesteps):
        values: dict[str, Floats] = {}
        for node in network.nodes:
            inputs = [values[name] for name in node.inputs]
            if isinstance(node, Input):
                values[node.name] = x[min(step, len(x) - 1)]
            elif isinstance(node, Lif):
                fired = []
                for current in np.split(inputs[0], calls_of(node, sharing), axis=1):
                    nominal = around.calls[len(now.calls)] if around else None
                    call, spikes, after = _fire(
                        current, membranes[state_of[node.name]], node.neuron, primitive, nominal
                    )
                    now.calls.append(call)
                    fired.append(spikes)
                    membranes[state_of[node.name]] = after
                values[node.name] = np.concatenate(fired, axis=1)
            elif isinstance(node, Pool) and node.kind == "max":
                taken = around.choices[len(now.choices)] if around else None
                values[node.name], chosen = _highest(node, inputs[0], taken)
                now.choices.append(chosen)
            else:
                values[node.name], variance = _stateless(node, inputs, weights)
                now.variance = min(now.variance, variance)
        outputs.append(values[network.nodes[-1].name])
    logits = np.mean(outputs, axis=0)
    likelihood = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return float(-np.log(likelihood[np.arange(len(labels)), labels]).mean()), now


def _seen(node: Conv | Pool, x: Floats, border: float) -> Floats:
    """The windows [B, C, E, F, R, S] of a map [B, C, H, W] within its border."""
    (top, left), (down, right) = node.padding, node.stride
    padded = np.pad(x, [(0, 0), (0, 0), (top, top), (left, left)], constant_values=border)
    windows: Floats = sliding_window_view(padded, node.kernel, axis=(2, 3))[:, :, ::down, ::right]
    return windows


def _highest(node: Pool, x: Floats, taken: NDArray[np.int64] | None) -> tuple[Floats, NDArray[np.int64]]:
    """A max pool, and the place within each window of what it took: `taken`, if given."""
    windows = _seen(node, x, -np.inf).reshape(len(x), *node.output.shape, -1)
    chosen = windows.argmax(axis=-1) if taken is None else taken
    return np.take_along_axis(windows, chosen[..., None], axis=-1)[..., 0], chosen


def _stateless(node: Node, inputs: list[Floats], weights: dict[str, Any]) -> tuple[Floats, float]:
    """What has no state, of [B, C, H, W] or [B, F]; a batch norm takes the statistics of the batch: the least variance
    of its channels comes with what it makes of them."""
    x = inputs[0]
    match node:
        case Add():
            return sum(inputs[1:], x), np.inf
        case Pool():
            return _seen(node, x, 0.0).mean(axis=(4, 5)), np.inf
        case Conv():
            parts = zip(
                np.split(_seen(node, x, 0.0), node.groups, axis=1),
                np.split(weights[f"{node.name}.weight"], node.groups, axis=0),
                strict=True,
            )
            y = np.concatenate([np.einsum("bcefrs,mcrs->bmef", *part) for part in parts], axis=1)
        case Linear():
            y = x.reshape(len(x), -1) @ weights[f"{node.name}.weight"].T
        case _:
            raise TypeError(f"{node.name} is not known")
    column = (slice(None),) + (None,) * (y.ndim - 2)
    if node.bias:
        y = y + weights[f"{node.name}.bias"][column]
    if not node.batch_norm:
        return y, np.inf
    others = tuple(axis for axis in range(y.ndim) if axis != 1)
    variance = y.var(axis=others)
    gain, offset = (weights[f"{node.name}.bn.{term}"][column] for term in ("weight", "bias"))
    normed = (y - y.mean(axis=others)[column]) / np.sqrt(variance[column] + 1e-5)
    return normed * gain + offset, float(variance.min())


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
