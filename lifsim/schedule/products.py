"""The product that a layer is, as the array sees it."""

from __future__ import annotations

from lifsim.config.network import Layer
from lifsim.hardware.array.gemm import Gemm, Window


def gemm_of(layer: Layer) -> Gemm:
    """One run of `layer`, per group of its convolution."""
    window = Window(layer.out_shape[1], layer.kernel, layer.stride)
    return Gemm(layer.pixels, layer.reduction, layer.group_filters, layer.groups, window)
