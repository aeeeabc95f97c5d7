"""A network, a machine and the decisions of a plan, in plain numbers."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

Window = list[int]
"""Rows that come in together, in order."""


def up(a: int, b: int) -> int:
    return -(-a // b)


def cut(every: int, size: int) -> list[range]:
    return [range(first, min(first + size, every)) for first in range(0, every, size)]


@dataclass(frozen=True)
class Tensor:
    """Of one image. bits: of an element as stored; given: from outside."""

    name: str
    shape: tuple[int, ...]
    timesteps: int
    bits: int
    given: bool

    @property
    def elements(self) -> int:
        return prod(self.shape)

    @property
    def rows(self) -> int:
        return rows_of(self.shape)[0]

    def whole(self, together: int) -> int:
        """Bytes, `together` timesteps of a row behind each other."""
        rows, across = rows_of(self.shape)
        return self.timesteps // together * rows * up(across * together * self.bits, 8)


def rows_of(shape: tuple[int, ...]) -> tuple[int, int]:
    """Rows of a map, of a signal its length, and elements of each."""
    if len(shape) == 1:
        return 1, shape[0]
    channels, height, width = shape
    return (width, channels) if height == 1 else (height, channels * width)


@dataclass(frozen=True)
class Lif:
    """shape: of its neurons; state: whose membranes; channels: calls of a timestep; hidden: only a pool, or whatever
    stands behind it, reads its spikes."""

    shape: tuple[int, ...]
    state: str
    channels: int
    hidden: bool

    @property
    def elements(self) -> int:
        return prod(self.shape)


@dataclass(frozen=True)
class Layer:
    """A product and what runs behind it. out: (rows, columns) of its map; rounds: timesteps in which it is computed;
    last: whether its one round is behind a mean over time; readers: by output, how many gradients come back; norm: what
    its statistics are of; hands_on: its sums are all it puts out; dy_handed_back: a residual operand is added right
    behind its norm."""

    name: str
    input: Tensor
    in_shape: tuple[int, int, int]
    flat: bool
    filters: int
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]
    groups: int
    out: tuple[int, int]
    rounds: int
    last: bool
    timesteps: int
    lif: Lif | None
    outputs: tuple[Tensor, ...]
    readers: tuple[int, ...]
    residuals: tuple[Tensor, ...]
    norm: str | None
    hands_on: bool
    dy_handed_back: bool

    @property
    def along(self) -> int:
        """Which axis has the rows: 1 of a signal."""
        return 1 if self.in_shape[1] == 1 else 0

    @property
    def rows_in(self) -> int:
        return self.in_shape[1 + self.along]

    @property
    def rows_out(self) -> int:
        return self.out[self.along]

    @property
    def across(self) -> int:
        """Pixels of a row of its output."""
        return self.out[1 - self.along]

    @property
    def pixels(self) -> int:
        return prod(self.out)

    @property
    def reduction(self) -> int:
        return self.in_shape[0] // self.groups * prod(self.kernel)

    @property
    def of_group(self) -> int:
        return self.filters // self.groups

    @property
    def weights(self) -> int:
        return self.filters * self.reduction

    def pairs(self) -> list[tuple[int, int]]:
        """(input row, output row) that a tap joins."""
        axis = self.along
        found = []
        for out in range(self.rows_out):
            for tap in range(self.kernel[axis]):
                row = out * self.stride[axis] - self.padding[axis] + tap
                if 0 <= row < self.rows_in:
                    found.append((row, out))
        return found

    def forward_windows(self, rows: int) -> list[Window]:
        """Input rows of each tile of so many output rows."""
        pairs = self.pairs()
        return [sorted({row for row, out in pairs if out in tile}) for tile in cut(self.rows_out, rows)]

    def backward_windows(self, rows: int) -> list[Window]:
        """Output rows whose gradients each tile of so many input rows takes."""
        pairs = self.pairs()
        return [sorted({out for row, out in pairs if row in tile}) for tile in cut(self.rows_in, rows)]

    def input_row(self, groups: int, together: int) -> int:
        """Bytes of an input row of one of so many groups, `together` rounds packed; a flattened map is one row, in
        which each of its own begins on a byte."""
        if self.flat:
            rows, across = rows_of(self.input.shape)
            return rows * up(across * together * self.input.bits, 8)
        elements = self.in_shape[0] // groups * self.in_shape[2 - self.along]
        return up(elements * together * self.input.bits, 8)

    def gradient_row(self, groups: int, together: int, bits: int) -> int:
        """The same of a row of gradients of its sums."""
        return up(self.filters // groups * self.across * together * bits, 8)


@dataclass(frozen=True)
class Machine:
    """Buffers: bytes that a tile may fill."""

    rows: int
    columns: int
    dataflow: str
    weight_bits: int
    psum_bits: int
    gradient_bits: int
    membrane_bits: int
    weight: int
    spike_in: int
    spike_out: int
    membrane: int
    psum: int
    optimizer: str
    state_bits: int
    masters: bool


@dataclass(frozen=True)
class Tiles:
    """How a forward product is cut. starts: first pixels of the tiles that the array works off whole, of so many
    filters (`array_filters`); whole_chains: calls of a chain that a fold holds all of, 0: any filters; alternating:
    whether folds take turns at every timestep; those of so many groups `together`."""

    filters_outer: bool
    rows: int
    filters: int
    starts: tuple[int, ...]
    array_filters: int
    whole_chains: int
    alternating: bool
    together: int


@dataclass(frozen=True)
class Run:
    """layers: of a group, by their place in the network; tick: all timesteps of a tile together; chunk: images."""

    layers: tuple[int, ...]
    tick: bool
    chunk: int
    tiles: tuple[Tiles, ...]


@dataclass(frozen=True)
class Training:
    """kept: "stored", "reversed", "recomputed"; undone: calls that can be undone from one state, forgotten: bits of a
    neuron's call."""

    layers: tuple[Layer, ...]
    machine: Machine
    groups: tuple[Run, ...]
    batch: int
    timesteps: int
    kept: str
    undone: int
    forgotten: int

    @property
    def image_layers(self) -> tuple[Layer, ...]:
        return tuple(layer for layer in self.layers if layer.input.given)
