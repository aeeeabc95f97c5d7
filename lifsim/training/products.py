"""The products of the training stages on the array: that of the forward pass, transposed and as an outer product."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np

from lifsim.hardware.array import (
    ArrayCycles,
    ArrayShape,
    Cut,
    Dataflow,
    Gemm,
    buffer_accesses,
    dense_cycles,
    dense_waits,
    per_round,
)
from lifsim.hardware.gemm import NO_CYCLES
from lifsim.hardware.input_reads import EvenReads
from lifsim.hardware.sram_banks import Banks
from lifsim.hardware.sram_ports import Ports, PortStalls
from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Layer
from lifsim.training.gradient_rows import along_of, transposed_axis
from lifsim.training.nests import BackwardOrder, UpdateOrder


def transposed_gemm(layer: Layer) -> Gemm:
    """The GEMM of the gradients of a layer's input: per group [H*W] x [M*R*S/groups] x [C/groups], with zeros in the
    gaps of strides."""
    channels, height, width = layer.in_shape
    reduction = layer.group_filters * layer.kernel[0] * layer.kernel[1]
    return Gemm(height * width, reduction, channels // layer.groups, layer.groups)


def weight_gradient_gemm(layer: Layer) -> Gemm:
    """The GEMM of the gradients of a layer's weights: per group [K] x [Sr] x [Sc], summed over the output pixels."""
    return Gemm(layer.reduction, layer.pixels, layer.group_filters, layer.groups)


def map_products(layer: Layer) -> int:
    """MACs of one image and round on the map rather than its padding: for each axis, the pairs of an output and a tap
    whose input lies in the map."""
    pairs = 1
    for axis in range(2):
        top = np.arange(layer.out_shape[1 + axis]) * layer.stride[axis] - layer.padding[axis]
        inside = np.add.outer(top, np.arange(layer.kernel[axis]))
        pairs *= int(np.count_nonzero((inside >= 0) & (inside < layer.in_shape[1 + axis])))
    return pairs * layer.in_shape[0] // layer.groups * layer.filters


@dataclass(frozen=True)
class Product:
    """The product of a stage, computed `rounds` times per image. tiles: (a tile as a product, how many tiles are
    equal), over all groups; each is computed as a whole."""

    tiles: tuple[tuple[Gemm, int], ...]
    dataflow: Dataflow
    rounds: int

    def input_words(self, shape: ArrayShape, banks: Banks, element_bits: int) -> int:
        """Words that the array reads from spike_in for one image; its operands lie in the order in which they are
        read."""
        words = 0
        for tile, count in self.tiles:
            once = self.dataflow.input_reads(EvenReads(tile, element_bits), tile, banks, shape).words
            words += int(once.sum()) * self.dataflow.input_repeats(tile, shape) * count
        return words * self.rounds

    def waits(self, shape: ArrayShape, ports: Ports, element_bits: int, *, tick_batched: bool) -> PortStalls:
        """Waits for the ports of the buffers that feed the array, for one image; `bits`: of an input."""
        total = PortStalls()
        for tile, count in self.tiles:
            read = EvenReads(tile, element_bits)
            total += (
                dense_waits(self.dataflow, read, tile, shape, self.rounds, ports, tick_batched=tick_batched) * count
            )
        return total


def backward_product(layer: Layer, dataflow: Dataflow, order: BackwardOrder | None) -> Product:
    """The backward product in this order; None: the gradients of the layer's input are not needed. A tile that takes
    one round at a time must reload its weights into the array for the next round."""
    if order is None:
        return Product((), dataflow, layer.rounds)
    gemm, tiles = transposed_gemm(layer), order.tiles
    along = transposed_axis(layer)
    starts = range(0, gemm.pixels, tiles.rows * gemm.pixels // along.rows_out)
    if tiles.together < layer.rounds:
        dataflow = per_round(dataflow)  # type: ignore[arg-type]
    return Product(tuple(Cut(tuple(starts), tiles.filters).tiles(gemm)), dataflow, layer.rounds)


def update_product(layer: Layer, dataflow: Dataflow, order: UpdateOrder) -> Product:
    """The product of spikes and gradients in this order, summed over the output pixels of a tile, and in the PEs over
    the rounds that the tile takes together. The operand in place of weights is a different one in every round."""
    tiles, row_pixels = order.tiles, layer.pixels // layer.out_shape[1 + along_of(layer)]
    rows, found = layer.out_shape[1 + along_of(layer)], []
    heights = Counter(min(tiles.rows, rows - first) for first in range(0, rows, tiles.rows))
    for height, often in heights.items():
        gemm = replace(weight_gradient_gemm(layer), reduction=tiles.together * height * row_pixels)
        found += [(tile, count * often) for tile, count in Cut((0,), tiles.filters).tiles(gemm)]
    return Product(tuple(found), per_round(dataflow), layer.rounds // tiles.together)  # type: ignore[arg-type]


@dataclass(frozen=True)
class StageWork:
    """The array work of one stage of one layer, all rounds and images. finished: sums that leave the array complete;
    reads and writes of inputs, weights and psums as counted by `buffer_accesses`; input_words: words of the input
    port."""

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
        """The work of a product in dense cycles: it is not known in advance which gradients and spikes are zero.
        image_words: of an image's inputs, as in `Product.input_words`."""
        dataflow, rounds, macs, finished, cycles = product.dataflow, product.rounds, 0, 0, NO_CYCLES
        accesses = np.zeros(4, object)
        for tile, count in product.tiles:
            moved = buffer_accesses(dataflow, tile, shape, rounds, tick_batched=tick_batched)
            each = moved.inputs, moved.weights, moved.psum_reads, moved.psum_writes
            accesses += np.array(each, object) * count
            cycles += dense_cycles(dataflow, tile, shape, rounds, tick_batched=tick_batched) * count
            macs += tile.macs * rounds * count
            finished += tile.pixels * tile.filters * tile.groups * rounds * count
        inputs, weights, psum_reads, psum_writes = (accesses * batch).tolist()
        return cls(
            macs=macs * batch,
            cycles=cycles * batch,
            inputs=inputs,
            weights=weights,
            finished=finished * batch,
            psum_reads=psum_reads,
            psum_writes=psum_writes,
            input_words=image_words * batch,
        )
