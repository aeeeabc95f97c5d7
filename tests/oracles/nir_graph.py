"""A NIR graph run literally: its differential equations in steps of dt, node by node, one timestep after the other. It
imports nothing of LIFSim."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

Array = np.ndarray


def run(nodes: Mapping[str, Any], edges: Sequence[tuple[str, str]], inputs: Array, dt: float, hard: bool) -> Array:
    """[T, *output] of inputs [T, *input]; nodes: by name, objects of NIR (their arrays are attributes)."""
    order = _order(nodes, edges)
    state: dict[str, list[Array]] = {}
    outputs = []
    for x in inputs:
        values: dict[str, Array] = {}
        for name in order:
            reads = [values[first] for first, second in edges if second == name]
            summed = x if not reads else sum(reads[1:], reads[0])
            values[name] = _step(type(nodes[name]).__name__, nodes[name], summed, state.setdefault(name, []), dt, hard)
        outputs += [values[name] for name in order if type(nodes[name]).__name__ == "Output"]
    return np.stack(outputs)


def _order(nodes: Mapping[str, Any], edges: Sequence[tuple[str, str]]) -> list[str]:
    order: list[str] = []
    while len(order) < len(nodes):
        order += [
            name
            for name in nodes
            if name not in order and all(first in order for first, second in edges if second == name)
        ]
    return order


def _step(kind: str, node: Any, x: Array, state: list[Array], dt: float, hard: bool) -> Array:
    if kind in ("Affine", "Linear"):
        return node.weight @ x + getattr(node, "bias", 0)
    if kind == "Conv2d":
        return _convolve(node, x)
    if kind in ("SumPool2d", "AvgPool2d"):
        return _pool(node, x, kind == "SumPool2d")
    if kind == "Flatten":
        return x.reshape(-1)
    if kind == "Scale":
        return x * node.scale
    if kind in ("IF", "LIF", "CubaLIF"):
        return _fire(kind, node, x, state, dt, hard)
    return x


def _fire(kind: str, node: Any, x: Array, state: list[Array], dt: float, hard: bool) -> Array:
    if not state:
        leak = getattr(node, "v_leak", np.zeros(x.shape))
        state += [np.broadcast_to(leak, x.shape).astype(np.float64), np.zeros(x.shape)]
    v, i = state
    if kind == "IF":
        v = v + node.r * x
    elif kind == "LIF":
        v = v + dt / node.tau * (node.v_leak - v + node.r * x)
    else:
        i = i + dt / node.tau_syn * (-i + node.w_in * x)
        v = v + dt / node.tau_mem * (node.v_leak - v + node.r * i)
    spikes = v > node.v_threshold
    v = np.where(spikes, node.v_reset if hard else v - node.v_threshold, v)
    state[:] = [v, i]
    return spikes.astype(np.float64)


def _convolve(node: Any, x: Array) -> Array:
    (top, left), (down, right) = (np.broadcast_to(one, 2) for one in (node.padding, node.stride))
    padded = np.pad(x, [(0, 0), (top, top), (left, left)])
    filters, own, height, width = node.weight.shape
    rows, columns = (padded.shape[1] - height) // down + 1, (padded.shape[2] - width) // right + 1
    out = np.empty((filters, rows, columns))
    for m in range(filters):
        first = m // (filters // node.groups) * own
        for e in range(rows):
            for f in range(columns):
                seen = padded[first : first + own, e * down : e * down + height, f * right : f * right + width]
                out[m, e, f] = (seen * node.weight[m]).sum() + node.bias[m]
    return out


def _pool(node: Any, x: Array, total: bool) -> Array:
    (height, width), (down, right) = node.kernel_size, node.stride
    rows, columns = (x.shape[1] - height) // down + 1, (x.shape[2] - width) // right + 1
    out = np.empty((x.shape[0], rows, columns))
    for e in range(rows):
        for f in range(columns):
            seen = x[:, e * down : e * down + height, f * right : f * right + width]
            out[:, e, f] = seen.sum(axis=(1, 2)) if total else seen.mean(axis=(1, 2))
    return out
