"""The product of two tensors of spikes, as in spiking attention: queries times keys, the attention map times values.

A map [C, H, W] is read as a matrix [tokens, features] a head: tokens are the pixels (y, x), and head h of n has the
features C/n*h to C/n*(h+1) - 1. Of every image, timestep and head,

    output [tokens, columns] = first [tokens, K] x second [K, columns]

and lies as a map again, [heads * columns, H, W] of the first one's pixels. K is the features of the first:

    transpose_second: false    second is [tokens, features]: K its tokens, columns its features     (map x values)
    transpose_second: true     second is turned: K its features, columns its tokens                (queries x keys)

Elements are counts of spikes, and so are those of the output, of up to K times the largest of both. A scale behind the
product, as Spikformer's 1/8, goes into the neurons behind it, whose threshold is divided by it. The second operand
takes the part of weights that are other ones for every image and timestep.

Source: Zhou et al., "Spikformer: When spiking neural network meets transformer", ICLR 2023.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np

from lifsim.config.operation import Channels, Name, ProductOperation
from lifsim.layers.protocol import LAYERS, LayerKind
from lifsim.lazy_dataclass import dataclass
from lifsim.model.fitting import MisfitError, map_of
from lifsim.model.keys import Field
from lifsim.model.network import Tensor
from lifsim.model.product import Array, Given, Operator, Product, Window
from lifsim.model.schema import Flag, known
from lifsim.units import counted

EXACT = 1 << 24
"""Whole numbers up to here are exact in float32."""


@dataclass(frozen=True)
class Matmul(Product):
    """first, second: (C, H, W) of its operands."""

    first: tuple[int, int, int]
    second: tuple[int, int, int]
    heads: int
    transpose_second: bool

    kind = "matmul"
    weight_shape = None

    @property
    def window(self) -> Window:
        """A convolution of 1 x 1 pixels, one group a head."""
        channels, height, width = self.output.shape
        return Window(self.first, (channels, height, width), (1, 1), groups=self.heads)

    def ones_in_both(self, first: Array, second: Array) -> Array:
        """Of each k, ones in column k of the first times ones in row k of the second."""
        columns = self._matrices(first).sum(axis=2, dtype=np.int64)
        rows = self._turned(self._matrices(second)).sum(axis=3, dtype=np.int64)
        met: Array = np.einsum("nhk,nhk->n", columns, rows)
        return met

    def forward(self, given: Given) -> Operator:
        """As matrix products, exact: sums are whole numbers."""
        levels = self.output.levels or 0
        dtype = given.scale.dtype

        def put_out(inputs: Sequence[Array]) -> Array:
            first, second = (np.moveaxis(x, -1, 2).reshape(-1, x.shape[-1], *x.shape[2:4]) for x in inputs)
            wide = dtype if levels < EXACT else np.float64
            product = self._matrices(first).astype(wide) @ self._turned(self._matrices(second)).astype(wide)
            pixels: Array = product.transpose(0, 2, 1, 3).reshape(*inputs[0].shape[:4], -1)
            return pixels.astype(np.uint8 if levels < 1 << 8 else dtype)

        return put_out

    def _matrices(self, maps: Array) -> Array:
        """[N, heads, tokens, features] of [N, C, H, W]."""
        images, channels, height, width = maps.shape
        return maps.reshape(images, self.heads, channels // self.heads, height * width).transpose(0, 1, 3, 2)

    def _turned(self, second: Array) -> Array:
        """[N, heads, K, columns]"""
        return second.transpose(0, 1, 3, 2) if self.transpose_second else second


class MatmulKeys(ProductOperation):
    """The product of two layers' spikes or counts of spikes, [first, second]; heads: matrices side by side."""

    op: Literal["matmul"]
    inputs: Annotated[tuple[Name, Name], Field(min_length=2, max_length=2)]
    heads: Channels = 1
    transpose_second: Flag = False

    @property
    def reads(self) -> tuple[str, ...]:
        """Both."""
        return self.inputs

    def node(self, inputs: Sequence[Tensor]) -> Matmul:
        """Raises MisfitError with all that does not fit."""
        first, second = inputs
        (channels, height, width), (others, rows, columns) = (map_of(x, "a product of spikes") for x in inputs)
        heads, turned = known(self, "heads", 1), known(self, "transpose_second", False)
        faults = [
            ("heads", f"{heads} must divide the {counted(x.shape[0], 'channel')} of {x.name}")
            for x in dict.fromkeys(inputs)
            if x.shape[0] % heads
        ]
        faults += [
            ("inputs", f"must be spikes or counts of spikes; {x.name} has real values")
            for x in dict.fromkeys(inputs)
            if x.levels is None
        ]
        reduction, tokens = channels // heads, rows * columns
        features = others // heads
        needed, filters = (features, tokens) if turned else (tokens, features)
        if not faults and reduction != needed:
            what = f"{features} features a head" if turned else f"{tokens} tokens"
            has = f"{first.name} has {reduction} features a head"
            faults.append(("inputs", f"{has}: must be as many as the {what} of {second.name}"))
        if faults or first.levels is None or second.levels is None:
            raise MisfitError(*faults)
        levels = reduction * first.levels * second.levels
        output = Tensor(self.name, (heads * filters, height, width), first.timesteps, levels)
        shapes = (channels, height, width), (others, rows, columns)
        return Matmul(self.name, (first.name, second.name), output, *shapes, heads, turned)


@LAYERS.register
class MatmulKind(LayerKind):
    """docs/workloads.md."""

    name = "matmul"
    title = "product of two tensors of spikes, as in attention"
    plural = "products of spikes"
    keys = MatmulKeys
