"""How tensors and weights lie in DRAM: bits packed, every row of a map and every filter starting on a byte."""

from __future__ import annotations

from lifsim.graph.states import State
from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Layer, Network, Tensor
from lifsim.schedule.tensors.rows import RowAxis


def bytes_of(bits: int) -> int:
    """Whole bytes that hold `bits`."""
    return -(-bits // 8)


@dataclass(frozen=True)
class Reals:
    """Bits of real values as stored: of the network's `inputs` (names of tensors), and of all others, which keep the
    precision of partial sums."""

    inputs: frozenset[str]
    input_bits: int
    psum_bits: int

    @classmethod
    def of(cls, network: Network, psum_bits: int) -> Reals:
        """The bits of real values of a network."""
        return cls(network.input_tensors, network.input_bits, psum_bits)


def element_bits(tensor: Tensor, reals: Reals) -> int:
    """Bits of one element as stored: as many as its levels need, or those of a real value."""
    return tensor.bits(reals.input_bits if tensor.name in reals.inputs else reals.psum_bits)


def tensor_bytes(tensor: Tensor, reals: Reals) -> int:
    """Bytes of one image, all its timesteps packed: rows * ceil(C * W * steps * bits / 8)."""
    channels, rows, columns = map_shape(tensor.shape)
    return rows * bytes_of(channels * columns * tensor.timesteps * element_bits(tensor, reals))


def step_row_bytes(tensor: Tensor, reals: Reals) -> int:
    """Bytes of one row in one timestep: ceil(C * W * bits / 8)."""
    channels, _, columns = map_shape(tensor.shape)
    return bytes_of(channels * columns * element_bits(tensor, reals))


def packed_row_bytes(tensor: Tensor, reals: Reals, timesteps: int) -> int:
    """Bytes of one row with at most this many timesteps packed together: ceil(C * W * timesteps * bits / 8)."""
    channels, _, columns = map_shape(tensor.shape)
    return bytes_of(channels * columns * min(timesteps, tensor.timesteps) * element_bits(tensor, reals))


def state_rows(state: State, membrane_bits: int) -> tuple[int, int]:
    """(rows, bytes of one row) of a set of states; the row of each variable begins on a byte."""
    channels, rows, columns = map_shape(state.shape)
    return rows, state.variables * bytes_of(channels * columns * membrane_bits)


def rows_of(shape: tuple[int, ...]) -> int:
    """Rows along the axis on which maps are cut."""
    return map_shape(shape)[1]


def filter_bytes(layer: Layer, weight_bits: int, rounds: int = 1) -> int:
    """Bytes of one filter: of weights, ceil(K * weight_bits / 8); of a second operand with `rounds` rounds together,
    ceil(K * bits * rounds / 8)."""
    if layer.operand is None:
        return bytes_of(layer.reduction * weight_bits)
    return bytes_of(layer.reduction * layer.operand.bits(weight_bits) * rounds)


def images_together(layer: Layer, batch: int) -> int:
    """The images of a batch that one set of filters serves: all; or 1, if filters are a second operand, which each
    image has of its own."""
    return batch if layer.operand is None else 1


def filter_region(layer: Layer) -> str:
    """The region in DRAM that holds the filters: the layer's weights, or the tensor of its second operand."""
    return f"weights:{layer.name}" if layer.operand is None else f"tensor:{layer.operand.name}"


def map_shape(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """(C, rows, columns), rows along the axis on which maps are cut; for a 1-D signal, its length."""
    if len(shape) == 1:
        return shape[0], 1, 1
    channels, height, width = shape
    return (channels, width, height) if height == 1 else (channels, height, width)


@dataclass(frozen=True)
class RowLayout:
    """A layer's rows along the axis on which its output is cut, the map's height or a 1-D signal's length.

    row_pixels: output pixels of one row. row_bytes: of one input row.
    """

    axis: RowAxis
    row_pixels: int
    row_bytes: int


def row_pixels(layer: Layer) -> int:
    """Output pixels of one row along the axis on which the output of `layer` is cut."""
    return layer.out_shape[2 - _along(layer)]


def _along(layer: Layer) -> int:
    return 1 if layer.in_shape[1] == 1 else 0


def tick_rows(layer: Layer, reals: Reals) -> RowLayout:
    """The rows of one group of the convolution, all rounds packed together: ceil(C/groups * W * rounds * bits / 8)
    bytes each."""
    return _row_layout(layer, reals, layer.groups, layer.rounds)


def step_rows(layer: Layer, reals: Reals) -> RowLayout:
    """The rows of all channels in one timestep: ceil(C * W * bits / 8) bytes each."""
    return _row_layout(layer, reals, 1, 1)


def packed_rows(layer: Layer, reals: Reals, rounds: int) -> RowLayout:
    """The rows of all channels, at most this many rounds packed together."""
    return _row_layout(layer, reals, 1, min(rounds, layer.rounds))


def _row_layout(layer: Layer, reals: Reals, groups: int, steps: int) -> RowLayout:
    along = _along(layer)
    bits = element_bits(layer.input, reals) * steps
    if layer.flat:
        channels, rows, columns = map_shape(layer.input.shape)
        row_bytes = rows * bytes_of(channels * columns * bits)
    else:
        row_bytes = bytes_of(layer.in_shape[0] // groups * layer.in_shape[2 - along] * bits)
    return RowLayout(axis_of(layer, along), row_pixels=row_pixels(layer), row_bytes=row_bytes)


def axis_of(layer: Layer, along: int) -> RowAxis:
    """The rows of a layer's maps, along their height (0) or width (1)."""
    return RowAxis(
        rows_in=layer.in_shape[1 + along],
        rows_out=layer.out_shape[1 + along],
        kernel=layer.kernel[along],
        stride=layer.stride[along],
        padding=layer.padding[along],
    )
