"""The interface of a layer that the array computes, which every layer kind implements; schedules, costs, traces and
spikes follow from it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import field
from typing import Any, Protocol

from numpy.typing import NDArray

from lifsim.contract import answers, of_any
from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Node

Array = NDArray[Any]
Operator = Callable[[Sequence[Array]], Array]
"""Computes a node from its inputs, each [timesteps, B, H, W, C] or [timesteps, B, F], channels last: uint8 for spikes
and counts of spikes, else in the engine's precision."""


@dataclass(frozen=True)
class Window:
    """Products as sums over a map: output (e, f) of each group's filters sums over the group's channels of the inputs
    (e*stride - padding + r, f*stride - padding + s) times the filter's (r, s).

    in_shape: (C, H, W); out_shape: (M, E, F); kernel: (R, S).
    """

    in_shape: tuple[int, int, int]
    out_shape: tuple[int, int, int]
    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    groups: int = 1

    @classmethod
    def of_linear(cls, features: int, filters: int) -> Window:
        """The one-pixel window of a fully connected layer."""
        return cls((features, 1, 1), (filters, 1, 1), (1, 1))

    @property
    def integers(self) -> tuple[int, ...]:
        """The window as the compiled kernels take it."""
        return (*self.kernel, *self.stride, *self.padding, self.groups)


@dataclass(frozen=True)
class Given:
    """What the engine hands to a product. weights: in the engine's precision, None if it has none. scale, shift: [M] in
    the same precision: the output is scale * sum + shift. spikes: whether every input is 0 or 1. workers: the engine's
    threads (`lifsim.engine.workers`)."""

    weights: Array | None
    scale: Array
    shift: Array
    spikes: bool
    workers: Any


def _like_input(made: Array, _product: object, x: Array, *_: object) -> str:
    return "" if made.shape == x.shape else f"gradients {list(x.shape)}"


def _like_both(made: tuple[Array, Array], _product: object, x: Array, _grad: object, weights: Array, *_: object) -> str:
    fits = made[0].shape == weights.shape and made[1].shape == x.shape
    return "" if fits else f"gradients {list(weights.shape)} and {list(x.shape)}"


class Backward(Protocol):
    """The gradients of a product, channels last, in the precision of `grad`, the gradient of its output y."""

    def of_weights(self, x: Array, grad: Array, workers: Any) -> Array:
        """The gradient of its weights, in their shape; x: its input."""
        ...

    @answers(_like_input)
    def of_input(self, x: Array, grad: Array, weights: Array, workers: Any) -> Array:
        """The gradient of its input x."""
        ...

    @answers(_like_both)
    def of_both(self, x: Array, grad: Array, weights: Array, workers: Any) -> tuple[Array, Array]:
        """The gradients of its weights and of its input, which may be computed in parallel."""
        return self.of_weights(x, grad, workers), self.of_input(x, grad, weights, workers)


def _other_map(made: Array, product: Product, inputs: Sequence[Array]) -> str:
    channels, *pixels = product.output.shape
    shape = (*inputs[0].shape[:2], *pixels, channels)
    return "" if made.shape == shape and made.dtype.kind == "f" else f"floating-point numbers {list(shape)}"


@dataclass(frozen=True)
class Product(Node, ABC):
    """A node that the array computes: sums of products of its first operand and of filters, which are weights or, if
    `inputs` name two, its second operand.

    kind: the name of its registered kind. bias, batch_norm: per filter, folded behind it.
    """

    bias: bool = field(default=False, kw_only=True)
    batch_norm: bool = field(default=False, kw_only=True)

    @property
    @abstractmethod
    def kind(self) -> str:
        """The name under which it is registered."""

    @property
    @abstractmethod
    def window(self) -> Window:
        """Its products for one image and timestep."""

    @property
    def flat(self) -> bool:
        """Whether it flattens its first operand, in the order (C, H, W), to a map of one pixel."""
        return False

    @property
    @abstractmethod
    def weight_shape(self) -> tuple[int, ...] | None:
        """The shape of its stored weights; None: it has none."""

    def ones_in_both(self, first: Array, second: Array) -> Array:
        """[N] the number of products of one timestep with no factor zero, for its operands as maps [N, C, H, W] of
        zeros and ones; called only if it has two."""
        raise ValueError(f"{self.name} has one operand, not {first.shape} and {second.shape}")

    @answers(of_any, each=_other_map)
    @abstractmethod
    def forward(self, given: Given) -> Operator:
        """The function that computes it."""

    def backward(self) -> Backward | None:
        """Its gradients; None: it has none."""
        return None
