"""A literal interpreter of the tick-batched loop nest: it walks the loops and moves bytes in and out of sets.

Nothing here is fast or closed: every byte of a row or filter is a tuple, every fetch an increment.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from lifsim.model.arch import Arch
from lifsim.model.network import Layer
from tests.oracles.pinned_tiles import most_that_stay

Byte = tuple[int, ...]


@dataclass(frozen=True)
class Counted:
    """Bytes that the interpreter moved: psums one way."""

    weights: int
    spikes: int
    psums: int

    @property
    def total(self) -> int:
        return self.weights + self.spikes + 2 * self.psums


def ceil_div(a: int, b: int) -> int:
    return -(-a // b)


def axis_of(layer: Layer) -> int:
    """0 if output rows are tiled along the map's height, 1 if along a 1-D signal's length."""
    return 1 if layer.in_shape[1] == 1 else 0


def needed_rows(layer: Layer, output_rows: range) -> list[int]:
    """Input rows inside the map that these output rows need."""
    axis = axis_of(layer)
    rows = set()
    for y in output_rows:
        for tap in range(layer.kernel[axis]):
            row = y * layer.stride[axis] - layer.padding[axis] + tap
            if 0 <= row < layer.in_shape[1 + axis]:
                rows.add(row)
    return sorted(rows)


def row_bytes(layer: Layer, bits: int) -> int:
    """Of one group. A map that is read flat is one row, in which those of the map begin on a byte each."""
    axis = axis_of(layer)
    if layer.flat and len(layer.input.shape) > 1:
        channels, *map_ = layer.input.shape
        rows, across = (map_[1], 1) if map_[0] == 1 else map_
        return rows * ceil_div(channels * across * layer.rounds * bits, 8)
    across = layer.in_shape[2 - axis]
    return ceil_div(layer.in_shape[0] // layer.groups * across * layer.rounds * bits, 8)


def cut(whole: int, size: int) -> list[range]:
    return [range(start, min(start + size, whole)) for start in range(0, whole, size)]


def legal(layer: Layer, arch: Arch, rows: int, filters: int, bits: int) -> bool:
    """A tile larger than the smallest must fit into its buffers."""
    if rows == 1 and filters == min(arch.array.cols, layer.group_filters):
        return True
    tiles = cut(layer.out_shape[1 + axis_of(layer)], rows)
    window = max(len(needed_rows(layer, tile)) for tile in tiles) * row_bytes(layer, bits)
    weights = filters * ceil_div(layer.reduction * arch.precision.weight_bits, 8)
    return window <= arch.buffers.spike_in.usable_bytes and weights <= arch.buffers.weight.usable_bytes


@dataclass(frozen=True)
class Turns:
    """groups: whose tiles take turns at every timestep, and are on chip together. columns: filters of a fold. each: the
    folds take turns, so that partial sums of one timestep wait at a time."""

    groups: int
    columns: int
    each: bool


def run(
    layer: Layer, arch: Arch, batch: int, order: str, rows: int, filters: int, bits: int, turns: Turns | None = None
) -> Counted:
    """Walk the nest of every group, or of every set of those that take turns, and count what comes from and goes to
    DRAM."""
    turns = turns or Turns(1, arch.array.cols, False)
    walk = _Walk(layer, arch, batch, order, rows, filters, bits, turns)
    weights, spikes = walk.moved()
    sets = layer.groups // turns.groups
    return Counted(sets * weights, sets * spikes, layer.groups * batch * walk.psums())


@dataclass(frozen=True)
class _Walk:
    layer: Layer
    arch: Arch
    batch: int
    order: str
    rows: int
    filters: int
    bits: int
    turns: Turns

    def visits(self) -> Iterator[tuple[int, range, range]]:
        """(image, output rows, filters) in the order in which tiles are computed."""
        row_tiles = cut(self.layer.out_shape[1 + axis_of(self.layer)], self.rows)
        filter_tiles = cut(self.layer.group_filters, self.filters)
        if self.order == "weights_outer":
            for m in filter_tiles:
                for image in range(self.batch):
                    for r in row_tiles:
                        yield image, r, m
        else:
            for image in range(self.batch):
                for r in row_tiles:
                    for m in filter_tiles:
                        yield image, r, m

    def window(self, image: int, tile: range) -> list[Byte]:
        size = self.turns.groups * row_bytes(self.layer, self.bits)
        return [(image, row, byte) for row in needed_rows(self.layer, tile) for byte in range(size)]

    def tile_weights(self, tile: range) -> list[Byte]:
        size = self.turns.groups * ceil_div(self.layer.reduction * self.arch.precision.weight_bits, 8)
        return [(number, byte) for number in tile for byte in range(size)]

    def moved(self) -> tuple[int, int]:
        weight_buffer, spike_buffer = (
            self.arch.buffers.weight.usable_bytes,
            self.arch.buffers.spike_in.usable_bytes,
        )
        pinned_spikes, pinned_weights = self.pins(spike_buffer, weight_buffer)
        weight_room = weight_buffer - len(pinned_weights)
        held_weights: set[Byte] = set()
        held_window: set[Byte] = set()
        seen: set[Byte] = set()
        weights = spikes = 0
        last: tuple[int, range, range] | None = None
        for image, r, m in self.visits():
            needed = self.tile_weights(m)
            stays = last is not None and last[2] == m  # the tile at work is that of the visit before
            held_weights = held_weights if stays else set()
            for byte in needed:
                if byte in pinned_weights:
                    weights += ("w", *byte) not in seen
                    seen.add(("w", *byte))
                elif byte not in held_weights:
                    weights += 1
                    assert not pinned_weights or len(held_weights) < weight_room
                    if len(held_weights) < weight_room:
                        held_weights.add(byte)
            window = self.window(image, r)
            stays = last is not None and last[:2] == (image, r) and self.order == "inputs_outer"
            held_window = held_window if stays else set()
            for byte in window:
                if byte in pinned_spikes:
                    spikes += ("s", *byte) not in seen
                    seen.add(("s", *byte))
                elif byte not in held_window:
                    spikes += 1
                    if len(held_window) < spike_buffer:
                        held_window.add(byte)
            last = (image, r, m)
        return weights, spikes

    def pins(self, spike_buffer: int, weight_buffer: int) -> tuple[set[Byte], set[Byte]]:
        """Bytes that stay beside the tile at work: the most often used ones."""
        windows = Counter(byte for _, _, byte in {(i, r, b) for i, r, _ in self.visits() for b in self.window(i, r)})
        tallest = max(len(self.window(0, r)) for _, r, _ in self.visits())
        ranked = [byte for byte, _ in windows.most_common()]
        spikes: set[Byte] = set()
        lots = (
            [ranked] if self.order == "weights_outer" else [[b for b in ranked if b[0] == i] for i in range(self.batch)]
        )
        for lot in lots:
            spikes.update(lot if len(lot) <= spike_buffer else lot[: max(0, spike_buffer - tallest)])
        if self.order == "weights_outer":
            return spikes, set()
        tiles = [self.tile_weights(m) for m in cut(self.layer.group_filters, self.filters)]
        return spikes, most_that_stay(tiles, weight_buffer)

    def psums(self) -> int:
        """Bytes per image and way that partial sums spill between the folds over K."""
        array, psum_bits = self.arch.array, self.arch.precision.psum_bits
        layer, buffer = self.layer, self.arch.buffers.psum.usable_bytes
        if array.dataflow == "os":
            return 0
        across = layer.pixels // layer.out_shape[1 + axis_of(layer)]
        spilled = 0
        for r in cut(layer.out_shape[1 + axis_of(layer)], self.rows):
            for m in cut(layer.group_filters, self.filters):
                pixels = len(r) * across
                if array.dataflow == "ws":
                    together = 1 if self.turns.each else layer.rounds
                    widths = [len(fold) for fold in cut(len(m), self.turns.columns)]
                    folds = [pixels * together * width for width in widths] * (layer.rounds // together)
                else:
                    folds = [len(m) * len(fold) for fold in cut(pixels, array.cols)] * layer.rounds
                for psums in folds:
                    for _ in range(ceil_div(layer.reduction, array.rows) - 1):
                        spilled += max(0, ceil_div(psums * psum_bits, 8) - buffer)
        return spilled
