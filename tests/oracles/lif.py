"""The slow, obviously right SNN: one neuron and one timestep after the other, channels first, nothing folded."""

from __future__ import annotations

from typing import Any

import numpy as np

from lifsim.layers.conv import Conv
from lifsim.layers.linear import Linear
from lifsim.model.network import Add, Input, Lif, Network, Pool
from lifsim.model.sharing import Sharing
from lifsim.neurons.lif import LifNeuron


def lif_call(x: np.ndarray, u: np.ndarray, neuron: LifNeuron) -> np.ndarray:
    """One call: every neuron charges, fires, resets. Updates u in place, returns its spikes."""
    real = u.dtype.type
    tau, theta, reset = real(neuron.tau), real(neuron.threshold), real(neuron.u_reset if neuron.reset == "hard" else 0)
    spikes = np.zeros(u.shape, np.uint8)
    for place in np.ndindex(u.shape):
        if neuron.decay_input:
            charged = u[place] + (x[place] - (u[place] - reset)) / tau
        elif reset == 0:
            charged = u[place] * real(1 - 1 / neuron.tau) + x[place]
        else:
            charged = u[place] - (u[place] - reset) / tau + x[place]
        spikes[place] = charged >= theta
        if not spikes[place]:
            u[place] = charged
        elif neuron.reset == "hard":
            u[place] = reset
        else:
            u[place] = charged - theta
    return spikes


def calls(lif: Lif, sharing: Sharing) -> int:
    """Calls of a layer in a timestep; a layer that is not to share makes one."""
    return sharing.channels if lif.share else 1


def sets(network: Network, sharing: Sharing) -> list[list[Lif]]:
    """LIFs that use one set of membranes, layer by layer: a layer joins the set of its group, or that of the layer
    before it, if both may share, neither has a group, and their shapes are alike."""
    found: list[list[Lif]] = []
    before: Lif | None = None
    for lif in network.lifs:
        joins = None
        if sharing.layer and lif.share:
            for members in found:
                if lif.group is not None and members[0].share and members[0].group == lif.group:
                    joins = members
                if lif.group is None and before in members and before.share and before.group is None:
                    joins = members if before.output.shape == lif.output.shape else None
        if joins is None:
            found.append([lif])
        else:
            joins.append(lif)
        before = lif
    return found


def run(
    network: Network, sharing: Sharing, weights: dict[str, np.ndarray], x: np.ndarray, dtype: Any
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Spikes of every LIF, [T, B, ...], and the last membranes of every state, from inputs x [steps, B, ...]."""
    membranes, state_of = {}, {}
    for lifs in sets(network, sharing):
        first, (channels, *pixels) = lifs[0], lifs[0].output.shape
        rest = first.neuron.u_reset if first.neuron.reset == "hard" else 0
        shape = (x.shape[1], channels // calls(first, sharing), *pixels)
        membranes[first.name] = np.full(shape, rest, dtype)
        state_of |= {lif.name: first.name for lif in lifs}
    spikes: dict[str, list[np.ndarray]] = {lif.name: [] for lif in network.lifs}
    for step in range(network.timesteps):
        values: dict[str, np.ndarray] = {}
        for node in network.nodes:
            if isinstance(node, Input):
                values[node.name] = x[min(step, x.shape[0] - 1)].astype(dtype)
            elif isinstance(node, Lif):
                parts = np.split(values[node.inputs[0]], calls(node, sharing), axis=1)
                fired = [lif_call(part, membranes[state_of[node.name]], node.neuron) for part in parts]
                values[node.name] = np.concatenate(fired, axis=1).astype(dtype)
                spikes[node.name].append(np.concatenate(fired, axis=1))
            else:
                values[node.name] = stateless(node, [values[name] for name in node.inputs], weights, dtype)
    return {name: np.stack(steps) for name, steps in spikes.items()}, membranes


def stateless(node: Any, inputs: list[np.ndarray], weights: dict[str, np.ndarray], dtype: Any) -> np.ndarray:
    """Convolution, linear, pool or add of [B, C, H, W] or [B, F]."""
    x = inputs[0]
    if isinstance(node, Add):
        return sum(inputs[1:], inputs[0])
    if isinstance(node, Linear):
        y = x.reshape(len(x), -1) @ weights[f"{node.name}.weight"].astype(dtype).T
    else:
        y = windows(node, x, weights.get(f"{node.name}.weight"), dtype)
    if isinstance(node, Pool):
        return y
    column = (slice(None),) + (None,) * (y.ndim - 2)
    if node.bias:
        y = y + weights[f"{node.name}.bias"].astype(dtype)[column]
    if node.batch_norm:
        gain, offset, mean, variance = (
            weights[f"{node.name}.bn.{term}"].astype(dtype)[column]
            for term in ("weight", "bias", "running_mean", "running_var")
        )
        y = (y - mean) / np.sqrt(variance + dtype(1e-5)) * gain + offset
    return y


def windows(node: Conv | Pool, x: np.ndarray, weights: np.ndarray | None, dtype: Any) -> np.ndarray:
    """What each output of a convolution or pool makes of the window that it sees."""
    out = np.zeros((len(x), *node.output.shape), dtype)
    empty = -np.inf if isinstance(node, Pool) and node.kind == "max" else 0
    (top, left), (rows, cols) = node.padding, node.kernel
    padded = np.pad(x, [(0, 0), (0, 0), (top, top), (left, left)], constant_values=empty)
    for image, m, e, f in np.ndindex(out.shape):
        y, z = e * node.stride[0], f * node.stride[1]
        window = padded[image, :, y : y + rows, z : z + cols]
        if isinstance(node, Conv):
            channels = node.in_shape[0] // node.groups
            group = m // (node.output.shape[0] // node.groups)
            mine = window[group * channels : (group + 1) * channels]
            out[image, m, e, f] = (mine * weights[m].astype(dtype)).sum()
        else:
            out[image, m, e, f] = window[m].max() if node.kind == "max" else window[m].mean()
    return out
