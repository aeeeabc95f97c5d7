"""The sparsity of the gradients of a training step, an input of `lifsim run --mode training`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifsim.engine.encoding import encode
from lifsim.engine.inference import checked_input
from lifsim.engine.layout import to_channels_last
from lifsim.engine.training.backprop import Learner, Pass
from lifsim.engine.training.loss import cross_entropy
from lifsim.engine.training.membranes import StoredMembranes
from lifsim.engine.training.surrogate import to_slopes
from lifsim.errors import Fault, InputError
from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Input, Network
from lifsim.model.product import Product

Array = NDArray[Any]


@dataclass(frozen=True)
class Zeros:
    """Zeros among `values`."""

    zeros: int
    values: int

    @property
    def share(self) -> float:
        """0 where there are no values."""
        return self.zeros / self.values if self.values else 0.0

    def __add__(self, other: Zeros) -> Zeros:
        return Zeros(self.zeros + other.zeros, self.values + other.values)


NONE = Zeros(0, 0)


@dataclass(frozen=True)
class GradientSparsity:
    """Zeros of one batch. membrane: among the gradients that the backward convolutions read, by weight layer (the
    gradient of a batch norm has mixed them); firing: among the slopes of the surrogate at u' of every call, by LIF."""

    membrane: Mapping[str, Zeros]
    firing: Mapping[str, Zeros]

    @property
    def membrane_share(self) -> float:
        """Over the network."""
        return sum(self.membrane.values(), NONE).share

    @property
    def firing_share(self) -> float:
        """Over the network."""
        return sum(self.firing.values(), NONE).share


def gradient_sparsity(
    learner: Learner, weights: Mapping[str, Array], images: Array, labels: Array, seed: int = 0
) -> GradientSparsity:
    """Zeros in one step of training on `images` [N, C, H, W] and `labels` [N]. Raises InputError if membranes are
    to be recomputed: u' of every call is looked at."""
    if learner.product_again:
        raise InputError(Fault("must be stored to be looked at", path="membranes"))
    x = checked_input(learner.network, encode(learner.network, images, seed), learner.dtype)
    learner.prepare()
    step = _Watched(learner, weights, to_channels_last(x))
    _, grad = cross_entropy(step.outputs, labels)
    firing = step.firing()
    step.backward(grad)
    return GradientSparsity(step.membrane, firing)


class _Watched(Pass):
    """A batch whose gradients are counted during the backward pass."""

    def __init__(self, learner: Learner, weights: Mapping[str, Array], x: Array) -> None:
        super().__init__(learner, weights, x)
        self.membrane: dict[str, Zeros] = {}

    def firing(self) -> dict[str, Zeros]:
        """Count zero slopes of the surrogate in the forward pass."""
        if not isinstance(self.membranes, StoredMembranes):
            raise TypeError("membranes must be stored")
        surrogate, found = self.learner.surrogate, dict[str, Zeros]()
        neurons = self.membranes.neurons
        for (name, _), charged in self.membranes.charged.items():
            slopes = (charged - np.asarray(neurons[name].threshold)).ravel()
            to_slopes(slopes, surrogate.code, surrogate.alpha)
            zeros = int(charged.size - np.count_nonzero(slopes))
            found[name] = found.get(name, NONE) + Zeros(zeros, charged.size)
        return found

    def _product_gradients(
        self, node: Product, grad: Array, x: Array, *, with_input: bool
    ) -> tuple[Array, Array | None]:
        if with_input and not _reads_image(self.learner.network, node):
            zeros = Zeros(int(grad.size - np.count_nonzero(grad)), grad.size)
            self.membrane[node.name] = self.membrane.get(node.name, NONE) + zeros
        return super()._product_gradients(node, grad, x, with_input=with_input)


def _reads_image(network: Network, node: Product) -> bool:
    """Whether a layer reads the image, so that the gradient of its input is not needed."""
    return isinstance(network.node(node.inputs[0]), Input)
