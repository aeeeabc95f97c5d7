"""The product that a layer computes, and the map that it reads, as the array sees them."""

from __future__ import annotations

from lifsim.hardware.array import ArrayShape, Chains, Cut, Dataflow, Laid, per_round
from lifsim.hardware.gemm import Gemm, Window
from lifsim.hardware.input_reads import InputMap
from lifsim.model.network import Layer


def gemm_of(layer: Layer, chains: Chains | None = None) -> Gemm:
    """The GEMM of one round of `layer`, per group of its convolution. chains: of its filters; unless they alternate, a
    fold holds whole chains."""
    window = Window(layer.out_shape[1], layer.kernel, layer.stride)
    together = 1 if chains is None or chains.alternating else chains.length
    return Gemm(layer.pixels, layer.reduction, layer.group_filters, layer.groups, window, together)


def dataflow_for(layer: Layer, dataflow: Dataflow, chains: Chains | None = None) -> Dataflow:
    """`dataflow`, as it lays out `layer`: a second operand in place of weights, and the weights of folds that alternate
    at every timestep, are loaded for every round."""
    return per_round(dataflow) if _reloads(layer, chains) else dataflow  # type: ignore[arg-type]  # one object a name


def _reloads(layer: Layer, chains: Chains | None) -> bool:
    return layer.operand is not None or (chains is not None and chains.alternating)


def laid_out(layer: Layer, shape: ArrayShape, dataflow: Dataflow, cut: Cut, *, tick_batched: bool) -> Laid:
    """The product of `layer` on an array, cut into tiles."""
    gemm, reloads = gemm_of(layer, cut.chains), _reloads(layer, cut.chains)
    return Laid(gemm, shape, dataflow_for(layer, dataflow, cut.chains), tick_batched, reloads, cut)


def input_map_of(layer: Layer, element_bits: int = 1) -> InputMap:
    """The map that `layer` reads, with `element_bits` bits per element, and its windows."""
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
