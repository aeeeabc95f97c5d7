"""The stateless operations of a network, bound to their weights: what one node makes of its inputs.

Values are arrays [steps, B, H, W, C] or [steps, B, F], channels last: uint8 where they are spikes or counts of spikes,
else of the engine's precision. `steps` is 1 for what does not change over time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from lifsim.config.network import Add, Conv, Linear, Network, Node, Pool, TimeMean
from lifsim.engine.convolution import Window, convolve, pack_weights
from lifsim.engine.pooling import pool
from lifsim.engine.weights import BN_EPSILON, Weights
from lifsim.engine.workers import Workers

Array = NDArray[Any]
Operator = Callable[[Sequence[Array]], Array]


def operator_of(network: Network, node: Node, weights: Weights, dtype: DTypeLike, workers: Workers) -> Operator:
    """The operation of `node`, with its weights in the layout and precision that the kernels want."""
    match node:
        case Conv() | Linear():
            spikes = network.node(node.inputs[0]).output.is_spikes
            rows = pack_weights(oihw(weights[f"{node.name}.weight"]).astype(dtype), window_of(node).groups)
            scale, shift = folded_norm(node, weights, dtype)
            return partial(_weighted_sum, node, rows, scale, shift, spikes, workers)
        case Pool():
            return lambda inputs: pool(inputs[0], node, dtype)
        case Add():
            return partial(_add, node.output.levels, dtype)
        case TimeMean():
            return lambda inputs: inputs[0].mean(axis=0, keepdims=True, dtype=dtype)
        case _:
            raise TypeError(f"{node.name} is not a stateless operation")


def window_of(node: Conv | Linear) -> Window:
    """How the node's outputs look at its inputs."""
    if isinstance(node, Linear):
        return Window.of_linear(node.in_features, node.output.shape[0])
    filters, height, width = node.output.shape
    return Window(node.in_shape, (filters, height, width), node.kernel, node.stride, node.padding, node.groups)


def oihw(weights: Array) -> Array:
    """Weights as [M, C/groups, R, S]: those of a linear layer are of a 1 x 1 kernel."""
    return weights if weights.ndim == 4 else weights[:, :, None, None]


def folded_norm(node: Conv | Linear, weights: Weights, dtype: DTypeLike) -> tuple[Array, Array]:
    """(scale, shift), [M] each, of the bias and the batch norm in evaluation: y = scale * (w (*) x) + shift."""
    real: Any = np.dtype(dtype)
    filters = node.output.shape[0]
    bias = weights[f"{node.name}.bias"].astype(real) if node.bias else np.zeros(filters, real)
    if not node.batch_norm:
        return np.ones(filters, real), bias
    gain, offset, mean, variance = (
        weights[f"{node.name}.bn.{term}"].astype(real) for term in ("weight", "bias", "running_mean", "running_var")
    )
    scale = gain * (1 / np.sqrt(variance + real.type(BN_EPSILON)))
    return scale, offset + (bias - mean) * scale


def as_pixels(x: Array, node: Conv | Linear) -> Array:
    """Inputs of a weight layer as the maps [steps*B, H, W, C] that the kernels read; a linear layer's are flattened
    in the order (C, H, W)."""
    if isinstance(node, Conv):
        return np.ascontiguousarray(x).reshape(-1, *x.shape[2:])
    return np.ascontiguousarray(to_channels_first(x)).reshape(-1, 1, 1, node.in_features)


def to_channels_first(x: Array) -> Array:
    """View [steps, B, C, H, W] of a map; vectors stay as they are."""
    return x if x.ndim == 3 else np.moveaxis(x, -1, 2)


def to_channels_last(x: Array) -> Array:
    """Contiguous [steps, B, H, W, C] of [steps, B, C, H, W]; vectors stay as they are."""
    return x if x.ndim == 3 else np.ascontiguousarray(np.moveaxis(x, 2, -1))


def _weighted_sum(
    node: Conv | Linear,
    rows: Array,
    scale: Array,
    shift: Array,
    spikes: bool,
    workers: Workers,
    inputs: Sequence[Array],
) -> Array:
    x = inputs[0]
    out = convolve(as_pixels(x, node), rows, window_of(node), workers, scale, shift, spikes=spikes)
    return out.reshape(*x.shape[:2], *(out.shape[1:] if isinstance(node, Conv) else out.shape[3:]))


def _add(levels: int | None, dtype: DTypeLike, inputs: Sequence[Array]) -> Array:
    counts = levels is not None and levels <= 255 and all(x.dtype == np.uint8 for x in inputs)
    total = inputs[0].astype(np.uint8 if counts else dtype)
    for x in inputs[1:]:
        total = total + x
    return total
