"""Layers of weights over windows: what convolutions and linear layers have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lifsim.lazy_dataclass import dataclass
from lifsim.model.product import Array, Backward, Given, Operator, Product


@dataclass(frozen=True)
class Weighted(Product):
    """A layer of weights, [M, C/groups, R, S], or [M, F] where it is `flat`."""

    def forward(self, given: Given) -> Operator:
        """By events, in machine code: a zero costs nothing (`lifsim.engine.convolution`)."""
        from lifsim.engine.convolution import convolve, pack_weights

        if given.weights is None:
            raise ValueError(f"{self.name} must have weights")
        rows, window = pack_weights(oihw(given.weights), self.window.groups), self.window

        def put_out(inputs: Sequence[Array]) -> Array:
            x = inputs[0]
            maps = self.maps(x)
            out = convolve(maps, rows, window, given.workers, given.scale, given.shift, spikes=given.spikes)
            return out.reshape(*x.shape[:2], *(out.shape[3:] if self.flat else out.shape[1:]))

        return put_out

    def backward(self) -> Backward:
        """As matrix products, one per kernel position."""
        return _Backward(self)

    def maps(self, x: Array) -> Array:
        """Inputs as the maps [timesteps*B, H, W, C] that the kernels read."""
        from lifsim.engine.layout import as_pixels

        return as_pixels(x, self.window.in_shape[0] if self.flat else None)


@dataclass(frozen=True)
class _Backward:
    """The gradients of a layer of weights."""

    node: Weighted

    def of_weights(self, x: Array, grad: Array, workers: Any) -> Array:
        from lifsim.engine.training.convolution_gradients import weight_gradient

        found = weight_gradient(self.node.maps(x), self._maps(grad), self.node.window, workers)
        return found.reshape(self.node.weight_shape)

    def of_input(self, x: Array, grad: Array, weights: Array, workers: Any) -> Array:
        from lifsim.engine.training.convolution_gradients import input_gradient

        return self._like(x, input_gradient(self._maps(grad), oihw(weights), self.node.window, workers))

    def of_both(self, x: Array, grad: Array, weights: Array, workers: Any) -> tuple[Array, Array]:
        from lifsim.engine.training.convolution_gradients import both_gradients

        given = self.node.maps(x), self._maps(grad), oihw(weights)
        of_weights, of_input = both_gradients(*given, self.node.window, workers)
        return of_weights.reshape(self.node.weight_shape), self._like(x, of_input)

    def _like(self, x: Array, maps: Array) -> Array:
        """Gradients of the maps as those of x."""
        from lifsim.engine.layout import to_channels_first, to_channels_last

        if not self.node.flat:
            return maps.reshape(x.shape)
        return to_channels_last(maps.reshape(to_channels_first(x).shape))

    def _maps(self, grad: Array) -> Array:
        from numpy import ascontiguousarray

        filters, *pixels = self.node.window.out_shape
        return ascontiguousarray(grad).reshape(-1, *pixels, filters)


def oihw(weights: Array) -> Array:
    """Weights as [M, C/groups, R, S]: those of a linear layer are of a 1 x 1 kernel."""
    return weights if weights.ndim == 4 else weights[:, :, None, None]
