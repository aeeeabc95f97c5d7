"""The product of two spike tensors, walked element by element and byte by byte. Imports nothing of LIFSim.

Tensors are nested lists [channels][rows][columns]; a head has the channels C/n*h to C/n*(h+1) - 1, its tokens are the
pixels, row after row.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tests.oracles.pinned_tiles import most_that_stay

Map = list[list[list[int]]]
Byte = tuple[int, ...]


def ceil_div(a: int, b: int) -> int:
    return -(-a // b)


def head_of(maps: Map, heads: int, head: int) -> list[list[int]]:
    """[tokens][features] of one head."""
    features = len(maps) // heads
    return [
        [maps[head * features + feature][y][x] for feature in range(features)]
        for y in range(len(maps[0]))
        for x in range(len(maps[0][0]))
    ]


def product(first: Map, second: Map, heads: int, turned: bool) -> tuple[Map, int]:
    """The output map, and how many products had no zero factor."""
    height, width = len(first[0]), len(first[0][0])
    out: Map = []
    met = 0
    for head in range(heads):
        left, right = head_of(first, heads, head), head_of(second, heads, head)
        columns = len(right) if turned else len(right[0])
        for column in range(columns):
            plane = [[0] * width for _ in range(height)]
            for token, row in enumerate(left):
                for k, value in enumerate(row):
                    other = right[column][k] if turned else right[k][column]
                    met += value != 0 and other != 0
                    plane[token // width][token % width] += value * other
            out.append(plane)
    return out, met


@dataclass(frozen=True)
class Machine:
    """Bytes of the two buffers that operands pass, columns of the array."""

    cols: int
    filters: int
    spikes: int


@dataclass(frozen=True)
class Sizes:
    """Of one layer. features, rows, width: of the first operand, in one head; columns: of the product, in one head.
    bits: of an element of either operand."""

    heads: int
    features: int
    rows: int
    width: int
    columns: int
    bits: tuple[int, int]
    timesteps: int

    def window(self, steps: int, rows: range) -> list[tuple[int, int]]:
        """(row, byte) of the first operand in one head, so many timesteps packed."""
        size = ceil_div(self.features * self.width * steps * self.bits[0], 8)
        return [(row, byte) for row in rows for byte in range(size)]

    def tile(self, steps: int, filters: range) -> list[tuple[int, int]]:
        """(column, byte) of the second operand in one head: every column of K elements starts on a byte."""
        size = ceil_div(self.features * steps * self.bits[1], 8)
        return [(column, byte) for column in filters for byte in range(size)]


def cut(whole: int, size: int) -> list[range]:
    return [range(start, min(start + size, whole)) for start in range(0, whole, size)]


def legal(sizes: Sizes, machine: Machine, rows: int, filters: int) -> bool:
    """The smallest tile streams; others must fit."""
    if rows == 1 and filters == min(machine.cols, sizes.columns):
        return True
    window = max(len(sizes.window(sizes.timesteps, tile)) for tile in cut(sizes.rows, rows))
    return window <= machine.spikes and len(sizes.tile(sizes.timesteps, range(filters))) <= machine.filters


def tick(sizes: Sizes, machine: Machine, batch: int, order: str, rows: int, filters: int) -> tuple[int, int]:
    """DRAM bytes of the second and of the first operand: head by head and image by image, all timesteps of a tile back
    to back. Nothing of one image serves another."""
    operand = spikes = 0
    for _ in range(sizes.heads * batch):
        second, first = _image(sizes, machine, order, rows, filters)
        operand, spikes = operand + second, spikes + first
    return operand, spikes


def _image(sizes: Sizes, machine: Machine, order: str, rows: int, filters: int) -> tuple[int, int]:
    row_tiles, filter_tiles, steps = cut(sizes.rows, rows), cut(sizes.columns, filters), sizes.timesteps
    all_rows = sizes.window(steps, range(sizes.rows))
    tallest = max(len(sizes.window(steps, tile)) for tile in row_tiles)
    stay_first = set(all_rows if len(all_rows) <= machine.spikes else all_rows[: max(0, machine.spikes - tallest)])
    stay_second: set[tuple[int, ...]] = set()
    if order == "inputs_outer":
        stay_second = most_that_stay([sizes.tile(steps, one) for one in filter_tiles], machine.filters)
    here_first: set[tuple[int, int]] = set()
    here_second: set[tuple[int, int]] = set()
    last: tuple[range, range] | None = None
    operand = spikes = 0
    seen_first: set[tuple[int, int]] = set()
    seen_second: set[tuple[int, int]] = set()
    for row_tile, filter_tile in _visits(order, row_tiles, filter_tiles):
        if last is None or last[1] != filter_tile:
            here_second = set()
        for byte in sizes.tile(steps, filter_tile):
            if byte in stay_second:
                operand += byte not in seen_second
                seen_second.add(byte)
            elif byte not in here_second:
                operand += 1
                if len(here_second) < machine.filters - len(stay_second):
                    here_second.add(byte)
        if order == "weights_outer" or last is None or last[0] != row_tile:
            here_first = set()
        for byte in sizes.window(steps, row_tile):
            if byte in stay_first:
                spikes += byte not in seen_first
                seen_first.add(byte)
            elif byte not in here_first:
                spikes += 1
                if len(here_first) < machine.spikes:
                    here_first.add(byte)
        last = row_tile, filter_tile
    return operand, spikes


def _visits(order: str, rows: list[range], filters: list[range]) -> Iterator[tuple[range, range]]:
    if order == "weights_outer":
        yield from ((row, one) for one in filters for row in rows)
    else:
        yield from ((row, one) for row in rows for one in filters)


def timestep(sizes: Sizes, region: int, batch: int, filters: int) -> int:
    """DRAM bytes of a second operand of which nothing is on chip, timestep by timestep: a tile of it passes a region of
    so many bytes, what does not fit once for every row of the output."""
    moved = 0
    for _ in range(sizes.timesteps):
        for _ in range(batch):
            for _ in range(sizes.heads):
                for tile in cut(sizes.columns, filters):
                    for position, _ in enumerate(sizes.tile(1, tile)):
                        moved += 1 if position < region else sizes.rows
    return moved
