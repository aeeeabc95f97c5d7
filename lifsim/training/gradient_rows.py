"""How gradients of membranes lie in DRAM, and which of their rows the transposed convolution needs."""

from __future__ import annotations

from lifsim.model.network import Layer
from lifsim.schedule.tensors.rows import RowAxis
from lifsim.schedule.tensors.storage import RowLayout, bytes_of


def along_of(layer: Layer) -> int:
    """The axis on which maps are cut: 0 their height, 1 the length of a 1-D signal."""
    return 1 if layer.in_shape[1] == 1 else 0


def transposed_axis(layer: Layer) -> RowAxis:
    """The axis along which maps of gradients are cut: row h of a layer's input needs the rows e of its output with e *
    stride = h + padding - r for a tap r of the kernel."""
    along = along_of(layer)
    kernel = layer.kernel[along]
    return RowAxis(
        rows_in=layer.out_shape[1 + along],
        rows_out=layer.in_shape[1 + along],
        kernel=kernel,
        stride=1,
        padding=kernel - 1 - layer.padding[along],
        apart=layer.stride[along],
    )


def gradient_rows(layer: Layer, bits: int, groups: int, steps: int) -> RowLayout:
    """Rows of membrane gradients of `bits` each, for one of `groups`, with `steps` rounds packed together, and the axis
    of the transposed convolution. row_pixels: of the layer's input."""
    along = along_of(layer)
    elements = layer.filters // groups * layer.out_shape[2 - along]
    return RowLayout(transposed_axis(layer), layer.in_shape[2 - along], bytes_of(elements * steps * bits))


def transposed_filter_bytes(layer: Layer, weight_bits: int) -> int:
    """Bytes of the weights for one channel of the input's gradient: M*R*S/groups weights."""
    return bytes_of(layer.group_filters * layer.kernel[0] * layer.kernel[1] * weight_bits)
