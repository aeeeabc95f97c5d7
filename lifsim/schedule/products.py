"""The product that a layer is and the map that it reads, as the array sees them."""

from __future__ import annotations

from lifsim.hardware.array import ArrayShape, Cut, Dataflow, Laid, per_round
from lifsim.hardware.gemm import Gemm, Window
from lifsim.hardware.input_reads import InputMap
from lifsim.model.network import Layer


def gemm_of(layer: Layer) -> Gemm:
    """One round of `layer`, per group of its convolution."""
    window = Window(layer.out_shape[1], layer.kernel, layer.stride)
    return Gemm(layer.pixels, layer.reduction, layer.group_filters, layer.groups, window)


def dataflow_for(layer: Layer, dataflow: Dataflow) -> Dataflow:
    """`dataflow` as it lays out `layer`: what a second operand puts in the place of weights is loaded for every
    round."""
    return dataflow if layer.operand is None else per_round(dataflow)  # type: ignore[arg-type]  # one object a name


def laid_out(layer: Layer, shape: ArrayShape, dataflow: Dataflow, cut: Cut, *, tick_batched: bool) -> Laid:
    """The product of `layer` on an array, cut into tiles."""
    return Laid(gemm_of(layer), shape, dataflow_for(layer, dataflow), tick_batched, layer.operand is not None, cut)


def input_map_of(layer: Layer, element_bits: int = 1) -> InputMap:
    """The map that `layer` reads, of `element_bits` each, and its windows."""
    channels, height, width = layer.in_shape
    return InputMap(
        channels=channels // layer.groups,
        groups=layer.groups,
        height=height,
        width=width,
        out_height=layer.out_shape[1],
        out_width=layer.out_shape[2],
        kernel=layer.kernel,
        stride=layer.stride,
        padding=layer.padding,
        element_bits=element_bits,
    )
