"""What the stages of training ask of the array: the forward pass's product, transposed and as an outer product."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lifsim.hardware.array import ArrayCycles, ArrayShape, Dataflow, Gemm, buffer_accesses, dense_cycles
from lifsim.hardware.gemm import NO_CYCLES
from lifsim.hardware.input_reads import EvenReads
from lifsim.hardware.sram_banks import Banks
from lifsim.model.network import Layer


def transposed_gemm(layer: Layer) -> Gemm:
    """Gradients of a layer's input: per group [H*W] x [M*R*S/groups] x [C/groups], the strides' gaps as zeros."""
    channels, height, width = layer.in_shape
    reduction = layer.group_filters * layer.kernel[0] * layer.kernel[1]
    return Gemm(height * width, reduction, channels // layer.groups, layer.groups)


def weight_gradient_gemm(layer: Layer) -> Gemm:
    """Gradients of a layer's weights: per group [K] x [Sr] x [Sc], summed over the output pixels."""
    return Gemm(layer.reduction, layer.pixels, layer.group_filters, layer.groups)


def map_products(layer: Layer) -> int:
    """Multiply-accumulates of one image and round that meet the map and not its padding: of each axis, the pairs of an
    output and a tap whose input lies in it."""
    pairs = 1
    for axis in range(2):
        top = np.arange(layer.out_shape[1 + axis]) * layer.stride[axis] - layer.padding[axis]
        inside = np.add.outer(top, np.arange(layer.kernel[axis]))
        pairs *= int(np.count_nonzero((inside >= 0) & (inside < layer.in_shape[1 + axis])))
    return pairs * layer.in_shape[0] // layer.groups * layer.filters


@dataclass(frozen=True)
class Product:
    """What a stage has the array multiply, `rounds` times an image."""

    gemm: Gemm
    dataflow: Dataflow
    rounds: int

    def input_words(self, shape: ArrayShape, banks: Banks, element_bits: int) -> int:
        """That the array reads from spike_in for one image; its operands lie in the order in which they are asked
        for."""
        if self.rounds == 0:
            return 0
        read = EvenReads(self.gemm, element_bits)
        words = self.dataflow.input_reads(read, self.gemm, banks, shape).words
        return int(words.sum()) * self.dataflow.input_repeats(self.gemm, shape) * self.rounds


def backward_product(layer: Layer, dataflow: Dataflow, *, needed: bool) -> Product:
    """needed: whether somebody asks for the gradients of the layer's input."""
    return Product(transposed_gemm(layer), dataflow, layer.rounds if needed else 0)


def update_product(layer: Layer, dataflow: Dataflow) -> Product:
    """Of spikes and gradients, summed over the pixels."""
    return Product(weight_gradient_gemm(layer), dataflow, layer.rounds)


@dataclass(frozen=True)
class StageWork:
    """One stage of one layer, all rounds and images. finished: sums that leave the array complete; reads and writes of
    inputs, weights and psums as `buffer_accesses` counts them; input_words: of the port through which inputs come."""

    macs: int
    cycles: ArrayCycles
    inputs: int
    weights: int
    finished: int
    psum_reads: int
    psum_writes: int
    input_words: int

    @classmethod
    def of(cls, product: Product, shape: ArrayShape, batch: int, image_words: int, *, tick_batched: bool) -> StageWork:
        """Dense cycles: where gradients and the spikes they meet are zero is not known in advance. image_words: of an
        image's inputs, as `Product.input_words` counts them."""
        gemm, dataflow, rounds = product.gemm, product.dataflow, product.rounds
        if rounds == 0:
            return cls(0, NO_CYCLES, 0, 0, 0, 0, 0, 0)
        accesses = buffer_accesses(dataflow, gemm, shape, rounds, tick_batched)
        return cls(
            macs=gemm.macs * rounds * batch,
            cycles=dense_cycles(dataflow, gemm, shape, rounds, tick_batched) * batch,
            inputs=accesses.inputs * batch,
            weights=accesses.weights * batch,
            finished=gemm.pixels * gemm.filters * gemm.groups * rounds * batch,
            psum_reads=accesses.psum_reads * batch,
            psum_writes=accesses.psum_writes * batch,
            input_words=image_words * batch,
        )
