"""Sums of two tensors, and constants that are merged into the weights in front of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifsim.interchange.onnx.built import Signal, name_of
from lifsim.interchange.onnx.operands import Given, by_channel
from lifsim.interchange.onnx.windows import unpadded

Array = NDArray[Any]

MAX_SUMMANDS = 16


def added(given: Given) -> Signal:
    """Add, Sum: become a residual connection, or a bias."""
    places = range(len(given.node.inputs))
    computed = [place for place in places if given.name(place) in given.signals]
    if len(computed) < len(places):
        return _affine(given, computed, lambda constant: (np.ones(1), constant))
    summands = [unpadded(given.signal(place), given.node) for place in places]
    first = summands[0]
    if len(summands) == 1:
        return first
    if any((one.dims, one.shape) != (first.dims, first.shape) for one in summands):
        shapes = " and ".join(str(list(one.dims)) for one in summands)
        raise ValueError(f"must add tensors of one shape, not {shapes}")
    if len(summands) > MAX_SUMMANDS:
        raise ValueError(f"must add at most {MAX_SUMMANDS} tensors")
    own = given.built.add(name_of(given.node), "add", summands, {})
    return Signal(own, first.dims, first.shape, spikes=all(one.spikes for one in summands))


def subtracted(given: Given) -> Signal:
    """Sub of a constant."""
    return _affine(given, _computed_first(given), lambda constant: (np.ones(1), -constant))


def multiplied(given: Given) -> Signal:
    """Mul by a constant."""
    computed = [place for place in range(len(given.node.inputs)) if given.name(place) in given.signals]
    if len(computed) > 1:
        raise ValueError("must not multiply two tensors that are computed: LIFSim's networks have no gates")
    return _affine(given, computed, lambda constant: (constant, np.zeros(1)))


def divided(given: Given) -> Signal:
    """Div by a constant."""

    def inverse(constant: Array) -> tuple[Array, Array]:
        if np.any(constant == 0):
            raise ValueError("must not divide by 0")
        return 1 / constant, np.zeros(1)

    return _affine(given, _computed_first(given), inverse)


def _computed_first(given: Given) -> list[int]:
    if given.name(1) in given.signals:
        raise ValueError("must have a constant second")
    return [0]


def _affine(given: Given, computed: list[int], terms: Callable[[Array], tuple[Array, Array]]) -> Signal:
    """The output of a layer of weights times a constant, plus another one: merged into its weights."""
    if len(computed) != 1 or len(given.node.inputs) != 2:
        raise ValueError("must have one tensor that is computed, and one constant")
    (place,) = computed
    x = unpadded(given.signal(place), given.node)
    gain, offset = terms(given.numbers(1 - place, "the other one").astype(np.float64))
    if np.all(gain == 1) and np.all(offset == 0):
        return x
    product = given.built.own_product(given.name(place), x)
    channels = [by_channel(one, x) for one in (gain, offset)]
    if product is None or channels[0] is None or channels[1] is None:
        raise ValueError(
            "by a constant must stand directly behind a layer of weights that nothing else reads, and be one number a "
            "channel: fold it into the weights"
        )
    given.built.scale(product, channels[0], channels[1])
    given.built.note(given.node.called, f"{given.node.op} by a constant is in the weights of {product}")
    return x
