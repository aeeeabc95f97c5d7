"""How tensors and weights lie in DRAM: bits packed, every row of a map and every filter starting on a byte."""

from __future__ import annotations

from dataclasses import dataclass

from lifsim.config.arch import Arch
from lifsim.config.network import Input, Layer, Network, Tensor


def bytes_of(bits: int) -> int:
    """Whole bytes that hold `bits`."""
    return -(-bits // 8)


def element_bits(tensor: Tensor, network: Network, arch: Arch) -> int:
    """Bits of one element as stored: what its levels need; real values take the network's `input_bits` where they are
    its input, else the precision of the partial sums that they were."""
    is_input = any(isinstance(node, Input) and node.output.name == tensor.name for node in network.nodes)
    return tensor.bits(network.input_bits if is_input else arch.precision.psum_bits)


def tensor_bytes(tensor: Tensor, network: Network, arch: Arch) -> int:
    """Bytes of one image, all its timesteps packed: rows * ceil(C * W * steps * bits / 8)."""
    channels, rows, columns = _map_shape(tensor)
    return rows * bytes_of(channels * columns * tensor.steps * element_bits(tensor, network, arch))


def filter_bytes(layer: Layer, arch: Arch) -> int:
    """Bytes of one filter: ceil(K * weight_bits / 8)."""
    return bytes_of(layer.reduction * arch.precision.weight_bits)


def _map_shape(tensor: Tensor) -> tuple[int, int, int]:
    """(C, H, W) with H the axis along which rows are cut: the length of a 1-D signal lies there."""
    if len(tensor.shape) == 1:
        return tensor.shape[0], 1, 1
    channels, height, width = tensor.shape
    return (channels, width, height) if height == 1 else (channels, height, width)


@dataclass(frozen=True)
class RowGeometry:
    """The axis along which a layer's output is cut into tiles: the map's height, or a 1-D signal's length.

    `row_pixels` is the output pixels of one row; `row_bytes` an input row of one group of channels, all timesteps.
    """

    rows_in: int
    rows_out: int
    kernel: int
    stride: int
    padding: int
    row_pixels: int
    row_bytes: int


def row_geometry(network: Network, layer: Layer, arch: Arch) -> RowGeometry:
    """Rows of `layer` for all its runs packed together: a row holds ceil(C/groups * W * runs * bits / 8) bytes."""
    channels, height, width = layer.in_shape
    axis = 1 if layer.in_shape[1] == 1 else 0
    rows_in, across = (height, width) if axis == 0 else (width, height)
    bits = element_bits(layer.input, network, arch)
    return RowGeometry(
        rows_in=rows_in,
        rows_out=layer.out_shape[1 + axis],
        kernel=layer.kernel[axis],
        stride=layer.stride[axis],
        padding=layer.padding[axis],
        row_pixels=layer.out_shape[2 - axis],
        row_bytes=bytes_of(channels // layer.groups * across * layer.runs * bits),
    )
