"""Operations that move no element: other axes, and what does nothing in inference."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lifsim.interchange.onnx.built import Signal
from lifsim.interchange.onnx.operands import Given, same_shape
from lifsim.interchange.onnx.windows import unpadded

FLOATS = (1, 10, 11, 16)
"""FLOAT, FLOAT16, DOUBLE and BFLOAT16, as onnx.TensorProto numbers them."""


def passed_on(given: Given) -> Signal:
    """Identity."""
    return given.signal()


def dropout(given: Given) -> Signal:
    """Dropout in inference."""
    training = given.constant(2)
    if (training is not None and np.any(training)) or any(
        given.built.readers.get(one) for one in given.node.outputs[1:]
    ):
        raise ValueError("must be in inference: export the model in evaluation mode")
    return given.signal()


def cast(given: Given) -> Signal:
    """Cast from one kind of floats to another."""
    if given.node.whole("to", 0) not in FLOATS:
        raise ValueError("must be to floats: LIFSim's networks have real values and spikes")
    return given.signal()


def reshaped(given: Given) -> Signal:
    """Flatten, Reshape, Squeeze, Unsqueeze: to a single axis, or back to the map that it was."""
    x, dims = unpadded(given.signal(), given.node), given.dims()
    if not same_shape(x, dims):
        raise ValueError(f"{list(x.dims)} to {list(dims)} of each image must flatten it, or leave it as it is")
    return replace(x, dims=dims)


def transposed(given: Given) -> Signal:
    """Transpose that moves only axes of size 1."""
    x = unpadded(given.signal(), given.node)
    rank = len(x.dims) + 1
    order = given.node.ints("perm", tuple(reversed(range(rank))))
    sizes = (2, *x.dims)  # the batch is as many as one likes
    if sorted(order) != list(range(rank)):
        raise ValueError(f"perm {list(order)} must name each of the {rank} axes once")
    moved = [axis for axis in order if sizes[axis] > 1]
    if moved != sorted(moved):
        rule = f"perm {list(order)} of {['batch', *x.dims]} must leave the order of elements as it is"
        raise ValueError(f"{rule}: LIFSim's maps are [C, H, W]; export it in that order")
    return reshaped(given)


def pad(given: Given) -> Signal:
    """Pad with zeros around the pixels, which the convolution behind it takes over."""
    x = unpadded(given.signal(), given.node)
    rank = len(x.dims) + 1
    pads, axes, value = given.ints(1, "pads"), given.ints(3, "axes"), _value(given)
    axes = tuple(range(rank)) if axes is None else tuple(axis % rank for axis in axes)
    if given.node.text("mode", "constant") != "constant" or value != 0:
        raise ValueError("must pad with zeros")
    if pads is None or len(pads) != 2 * len(axes) or any(size < 0 for size in pads):
        raise ValueError("pads must be constant, two numbers of 0 or more an axis")
    before, behind = [0] * rank, [0] * rank
    for place, axis in enumerate(axes):
        before[axis], behind[axis] = pads[place], pads[place + len(axes)]
    if any(before[:2]) or any(behind[:2]):
        raise ValueError("must pad neither the batch nor channels")
    if rank not in (3, 4):
        return x
    top, left = [0, *before[2:]][-2:]
    bottom, right = [0, *behind[2:]][-2:]
    pads = (top, left, bottom, right)
    return replace(x, pads=pads, product=None if any(pads) else x.product)


def _value(given: Given) -> float:
    value = given.constant(2) if "value" not in given.node.attributes else None
    return given.node.real("value", 0.0) if value is None else float(value.ravel()[0] if value.size else np.nan)
