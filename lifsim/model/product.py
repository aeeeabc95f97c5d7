"""What every layer kind says of a layer that the array computes; schedules, costs, traces and spikes follow from it."""

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
"""What a node makes of its inputs, [timesteps, B, H, W, C] or [timesteps, B, F] each, channels last: uint8 where they
are spikes or counts of spikes, else of the engine's precision."""


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
        """As the kernels take it."""
        return (*self.kernel, *self.stride, *self.padding, self.groups)


@dataclass(frozen=True)
class Given:
    """What the engine hands to a product. weights: in the engine's precision, None where it has none. scale, shift: [M]
    of its precision: what is put out is scale * sum + shift. spikes: whether every input is 0 or 1. workers: the
    engine's threads (`lifsim.engine.workers`)."""

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
    """The gradients of a product y = sum of products, channels last, of the precision of `grad`, that of y."""

    def of_weights(self, x: Array, grad: Array, workers: Any) -> Array:
        """Of its weights, in their shape, with the input x."""
        ...

    @answers(_like_input)
    def of_input(self, x: Array, grad: Array, weights: Array, workers: Any) -> Array:
        """Of its input x."""
        ...

    @answers(_like_both)
    def of_both(self, x: Array, grad: Array, weights: Array, workers: Any) -> tuple[Array, Array]:
        """Of its weights and of its input, which may be computed side by side."""
        return self.of_weights(x, grad, workers), self.of_input(x, grad, weights, workers)


def _other_map(made: Array, product: Product, inputs: Sequence[Array]) -> str:
    channels, *pixels = product.output.shape
    shape = (*inputs[0].shape[:2], *pixels, channels)
    return "" if made.shape == shape and made.dtype.kind == "f" else f"floating-point numbers {list(shape)}"


@dataclass(frozen=True)
class Product(Node, ABC):
    """A node that the array computes: sums of products of what it reads, its first operand, and of filters: weights, or
    its second operand, where `inputs` name two.

    kind: the registered one's name. bias, batch_norm: of its filters, folded behind it.
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
        """The products that it is, of one image and timestep."""

    @property
    def flat(self) -> bool:
        """Whether it flattens its first operand, in the order (C, H, W), to a map of one pixel."""
        return False

    @property
    @abstractmethod
    def weight_shape(self) -> tuple[int, ...] | None:
        """Of its weights as they are stored; None: it has none."""

    def ones_in_both(self, first: Array, second: Array) -> Array:
        """[N] products of one timestep of which neither factor is zero, of its operands as maps [N, C, H, W] of zeros
        and ones; asked only where it has two."""
        raise ValueError(f"{self.name} has one operand, not {first.shape} and {second.shape}")

    @answers(of_any, each=_other_map)
    @abstractmethod
    def forward(self, given: Given) -> Operator:
        """How it is computed."""

    def backward(self) -> Backward | None:
        """Its gradients; None: there are none."""
        return None
