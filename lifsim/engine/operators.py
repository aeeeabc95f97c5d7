"""The stateless operations of a network, bound to their weights: each computes a node from its inputs.

Values are arrays [timesteps, B, H, W, C] or [timesteps, B, F], channels last: uint8 where they are spikes or counts of
spikes, else of the engine's precision. `timesteps` is 1 for what does not change over time.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from lifsim.engine.pooling import pool
from lifsim.engine.weights import BN_EPSILON, Weights
from lifsim.engine.workers import Workers
from lifsim.model.network import Add, Network, Node, Pool, TimeMean
from lifsim.model.product import Given, Operator, Product

Array = NDArray[Any]


def operator_of(network: Network, node: Node, weights: Weights, dtype: DTypeLike, workers: Workers) -> Operator:
    """The operation of `node`, with its weights in the layout and precision that the kernels want."""
    match node:
        case Product():
            return node.forward(given_to(network, node, weights, folded_norm(node, weights, dtype), workers))
        case Pool():
            return lambda inputs: pool(inputs[0], node, dtype, workers)
        case Add():
            return partial(_add, node.output.levels, dtype)
        case TimeMean():
            return lambda inputs: inputs[0].mean(axis=0, keepdims=True, dtype=dtype)
        case _:
            raise TypeError(f"{node.name} is not a stateless operation")


def given_to(network: Network, node: Product, weights: Weights, affine: tuple[Array, Array], workers: Workers) -> Given:
    """The weights and factors that a product is given. affine: (scale, shift), [M] each, in the precision of the
    weights."""
    own = None if node.weight_shape is None else weights[f"{node.name}.weight"].astype(affine[0].dtype)
    return Given(own, *affine, network.node(node.inputs[0]).output.is_spikes, workers)


def folded_norm(node: Product, weights: Weights, dtype: DTypeLike) -> tuple[Array, Array]:
    """(scale, shift), [M] each, of the bias and the batch norm in evaluation: y = scale * (w (*) x) + shift."""
    real: Any = np.dtype(dtype)
    filters = node.window.out_shape[0]
    bias = weights[f"{node.name}.bias"].astype(real) if node.bias else np.zeros(filters, real)
    if not node.batch_norm:
        return np.ones(filters, real), bias
    gain, offset, mean, variance = (
        weights[f"{node.name}.bn.{term}"].astype(real) for term in ("weight", "bias", "running_mean", "running_var")
    )
    scale = gain * (1 / np.sqrt(variance + real.type(BN_EPSILON)))
    return scale, offset + (bias - mean) * scale


def _add(levels: int | None, dtype: DTypeLike, inputs: Sequence[Array]) -> Array:
    counts = levels is not None and levels <= 255 and all(x.dtype == np.uint8 for x in inputs)
    total = inputs[0].astype(np.uint8 if counts else dtype)
    for x in inputs[1:]:
        total = total + x
    return total
