"""Convolutions, linear layers, and the batch norms behind them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifsim.engine.weights import BN_EPSILON
from lifsim.interchange.onnx.built import Signal, as_map, name_of, real
from lifsim.interchange.onnx.operands import Given
from lifsim.interchange.onnx.windows import unpadded, windows_of
from lifsim.lazy_dataclass import dataclass
from lifsim.units import counted

Array = NDArray[Any]


def convolution(given: Given) -> Signal:
    """Conv, along one or two axes."""
    x, weight, node = given.signal(), given.numbers(1, "the weights"), given.node
    groups = node.whole("group", 1)
    kernel = tuple(weight.shape[2:])
    if node.ints("kernel_shape", kernel) != kernel:
        raise ValueError(f"kernel_shape must be that of its weights, {list(kernel)}")
    windows = windows_of(node, x, kernel)
    if groups < 1 or weight.shape[1] * groups != x.channels or weight.shape[0] % groups:
        rule = f"weights {list(weight.shape)} in {counted(groups, 'group')}"
        raise ValueError(f"{rule} must have as many channels as they read, {x.channels}, and groups that divide both")
    filters = weight.shape[0]
    keys = {"out": filters, **windows.keys, "groups": groups}
    dims = (filters, *windows.out[2 - len(kernel) :])
    whole = weight.reshape(*weight.shape[:2], *windows.kernel)
    return _weighted(given, ("conv", keys), whole, given.constant(2), dims)


def gemm(given: Given) -> Signal:
    """Gemm with a constant second matrix."""
    node, weight = given.node, given.numbers(1, "the weights")
    if node.whole("transA", 0):
        raise ValueError("transA must be 0: its input is [batch, features]")
    if weight.ndim != 2:
        raise ValueError(f"weights {list(weight.shape)} must be a matrix")
    matrix = weight if node.whole("transB", 0) else weight.T
    bias = given.constant(2)
    return _linear(
        given, matrix * real(np.asarray(node.real("alpha", 1.0)), weight.dtype),
        None if bias is None else bias * node.real("beta", 1.0),
    )  # fmt: skip


def matmul(given: Given) -> Signal:
    """MatMul of a computed tensor with a constant matrix."""
    if all(one in given.signals for one in given.node.inputs):
        raise ValueError("of two tensors that are computed (attention) is not read: write the workload with matmul")
    if given.name(0) in given.constants:
        raise ValueError("must have the constant second: LIFSim's linear layers read [batch, features]")
    weight = given.numbers(1, "the weights")
    if weight.ndim != 2:
        raise ValueError(f"weights {list(weight.shape)} must be a matrix")
    return _linear(given, weight.T, None)


def _linear(given: Given, weight: Array, bias: Array | None) -> Signal:
    """Adds a linear layer. weight: [M, F]."""
    x = unpadded(given.signal(), given.node)
    filters, features = weight.shape
    if x.dims != (features,):
        raise ValueError(f"must read {features} features of each image, reads {list(x.dims)}: flatten in front of it")
    if bias is not None:
        if bias.size not in (1, filters) or bias.shape[-1:] not in ((), (1,), (filters,)):
            raise ValueError(f"a bias of shape {list(bias.shape)} must be one number a filter, {filters}")
        bias = np.broadcast_to(bias.ravel(), (filters,))
    return _weighted(given, ("linear", {"out": filters}), weight, bias, (filters,))


def _weighted(
    given: Given, kind: tuple[str, dict[str, Any]], weight: Array, bias: Array | None, dims: tuple[int, ...]
) -> Signal:
    """Adds a layer of weights. kind: its `op`, and its keys except the bias; dims: the shape of its output."""
    built, (op, keys) = given.built, kind
    if bias is not None and bias.shape != dims[:1]:
        raise ValueError(f"a bias of shape {list(bias.shape)} must be one number a filter, {dims[0]}")
    biased = bias is not None and bool(np.any(bias != 0))
    own = built.add(name_of(given.node, given.name(1)), op, [given.signal()], {**keys, "bias": biased})
    built.weights[f"{own}.weight"] = real(weight, weight.dtype)
    if biased and bias is not None:
        built.weights[f"{own}.bias"] = real(bias, weight.dtype)
    return Signal(own, dims, as_map(dims), product=own)


def batch_norm(given: Given) -> Signal:
    """BatchNormalization: becomes the norm of the layer of weights in front of it, or a depthwise convolution of one
    pixel."""
    x, built = unpadded(given.signal(), given.node), given.built
    norm = _norm(given, x.channels)
    product = built.own_product(given.name(0), x)
    if product is None or x.channels != x.shape[0]:
        return _depthwise(given, x, norm)
    if built.layer(product).get("batch_norm"):
        scale = norm.gain / np.sqrt(norm.variance + norm.epsilon)
        built.scale(product, scale, norm.offset - norm.mean * scale)
    else:
        built.layer(product)["batch_norm"] = True
        built.weights |= norm.weights(product)
    return x


@dataclass(frozen=True)
class _Norm:
    """y = gain * (x - mean) / sqrt(variance + epsilon) + offset, one number a channel."""

    gain: Array
    offset: Array
    mean: Array
    variance: Array
    epsilon: float

    def weights(self, layer: str) -> dict[str, Array]:
        """The arrays of the norm of a layer of LIFSim, which has one epsilon for all: gain makes up for the
        difference."""
        gain = self.gain * np.sqrt((self.variance + BN_EPSILON) / (self.variance + self.epsilon))
        terms = {"weight": gain, "bias": self.offset, "running_mean": self.mean, "running_var": self.variance}
        return {f"{layer}.bn.{term}": real(array) for term, array in terms.items()}


def _norm(given: Given, channels: int) -> _Norm:
    """The norm. Raises ValueError if it is not in inference mode."""
    node = given.node
    if node.whole("training_mode", 0) or not node.whole("spatial", 1) or any(node.outputs[1:]):
        raise ValueError("must be in inference: export the model in evaluation mode")
    arrays = [given.numbers(place, name).astype(np.float64) for place, name in enumerate(_TERMS, start=1)]
    if any(one.shape != (channels,) for one in arrays):
        raise ValueError(f"must have one number a channel, {channels}")
    gain, offset, mean, variance = arrays
    norm = _Norm(gain, offset, mean, variance, node.real("epsilon", 1e-5))
    if not (math.isfinite(norm.epsilon) and norm.epsilon >= 0 and (norm.variance >= 0).all()):
        raise ValueError("var and epsilon must be >= 0")
    if not (norm.variance + norm.epsilon > 0).all():
        raise ValueError("var + epsilon must be > 0")
    return norm


_TERMS = ("scale", "B", "mean", "var")
"""ONNX's names of the inputs behind the first one."""


def _depthwise(given: Given, x: Signal, norm: _Norm) -> Signal:
    """A norm without a layer of weights of its own in front of it."""
    if len(x.dims) == 1:
        raise ValueError("must stand directly behind a layer of weights that nothing else reads")
    keys = {"kernel": 1, "depthwise": True, "batch_norm": True}
    own = given.built.add(name_of(given.node, given.name(1)), "conv", [x], keys)
    given.built.weights[f"{own}.weight"] = np.ones((x.channels, 1, 1, 1), np.float32)
    given.built.weights |= norm.weights(own)
    given.built.note(
        given.node.called,
        "BatchNormalization stands behind no layer of weights that it could be folded into: it is a depthwise "
        "convolution of one pixel, whose cycles and weights are counted",
    )
    return Signal(own, x.dims, x.shape, product=own)
