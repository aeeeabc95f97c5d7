"""The two products of training, walked: every byte of a row, of a weight and of a sum moves in and out of sets.

A layer is plain numbers here. `Conv` is one group of a convolution along one axis of its map.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from tests.oracles.pinned_tiles import most_that_stay

Byte = tuple[int, ...]


@dataclass(frozen=True)
class Conv:
    """rows_in, rows_out: of the forward pass. in_row, out_row: bytes of a row of what comes in for the update (spikes)
    and for the backward product (gradients of membranes), all maps alike. channels, filters: of a group; weight: bytes
    of the weights of one channel; sum: of the sums of one filter."""

    rows_in: int
    rows_out: int
    kernel: int
    stride: int
    padding: int
    in_row: int
    out_row: int
    channels: int
    filters: int
    weight: int
    sum: int


@dataclass(frozen=True)
class Order:
    """filters_outer: else maps. rows, filters: of a tile."""

    filters_outer: bool
    rows: int
    filters: int


@dataclass(frozen=True)
class Buffers:
    """Bytes: of what streams by rows, and of what stays by filters."""

    rows: int
    filters: int


def cut(every: int, size: int) -> list[range]:
    return [range(first, min(first + size, every)) for first in range(0, every, size)]


def pairs(conv: Conv) -> Iterator[tuple[int, int]]:
    """(input row, output row) that a tap joins."""
    for out, tap in product(range(conv.rows_out), range(conv.kernel)):
        row = out * conv.stride - conv.padding + tap
        if 0 <= row < conv.rows_in:
            yield row, out


def needed_by_update(conv: Conv, tile: range) -> set[int]:
    """Input rows that meet these output rows."""
    return {row for row, out in pairs(conv) if out in tile}


def needed_backwards(conv: Conv, tile: range) -> set[int]:
    """Output rows whose gradients make those of these input rows."""
    return {out for row, out in pairs(conv) if row in tile}


Windows = list[list[int]]
"""By row tile, the rows that come in for it, in order."""


def backward_windows(conv: Conv, rows: int) -> Windows:
    return [sorted(needed_backwards(conv, tile)) for tile in cut(conv.rows_in, rows)]


def update_windows(conv: Conv, rows: int) -> Windows:
    return [sorted(needed_by_update(conv, tile)) for tile in cut(conv.rows_out, rows)]


def fits(windows: Windows, row: int, filters: int, each: int, buffers: Buffers) -> bool:
    """Whether a tile may be so large."""
    return max(map(len, windows)) * row <= buffers.rows and filters * each <= buffers.filters


def most_used(windows: Windows, row: int, maps: int) -> list[Byte]:
    """Bytes (map, row, which of its bytes) that any window holds, those first that most windows do."""
    uses = Counter(one for window in windows for one in window)
    ranked = sorted(uses, key=lambda one: -uses[one])
    return [(which, one, byte) for one in ranked for which in range(maps) for byte in range(row)]


def staying(windows: Windows, row: int, maps: int, buffer: int, held: int) -> tuple[set[Byte], set[Byte]]:
    """(bytes that wait on chip from the beginning, bytes that come once)."""
    ranked = most_used(windows, row, maps)
    beside = max(0, buffer - max(map(len, windows)) * row)
    once = len(ranked) - held if len(ranked) - held <= buffer else beside
    return set(ranked[:held]), set(ranked[held : held + max(0, once)])


def rows_moved(
    windows: Windows, row: int, maps: int, filter_tiles: int, buffer: int, held: int, *, filters_outer: bool
) -> int:
    """Bytes that come in of so many maps; `held` of them, filters outer of all, else of every map, wait on chip."""
    if not filters_outer:
        return sum(_of_one_map(windows, row, filter_tiles, buffer, held) for _ in range(maps))
    here, once = staying(windows, row, maps, buffer, held)
    moved, came = 0, set(here)
    for _, which, window in product(range(filter_tiles), range(maps), windows):
        for one, byte in product(window, range(row)):
            if (which, one, byte) not in came:
                moved += 1
                if (which, one, byte) in once:
                    came.add((which, one, byte))
    return moved


def _of_one_map(windows: Windows, row: int, filter_tiles: int, buffer: int, held: int) -> int:
    """A window stays while all filter tiles pass; of one that is too large what does not fit comes for each."""
    here, once = staying(windows, row, 1, buffer, held)
    moved, came = 0, set(here)
    for window in windows:
        bytes_ = [(0, one, byte) for one in window for byte in range(row)]
        there = set(bytes_[:buffer])
        for tile in range(filter_tiles):
            for place in bytes_:
                if place in came or (tile > 0 and place in there):
                    continue
                moved += 1
                if place in once:
                    came.add(place)
    return moved


def filters_moved(
    filters: int, each: int, tile: int, visits: int, buffer: int, *, filters_outer: bool
) -> tuple[int, int, int]:
    """(bytes that come in as weights do, that come in and that go out as sums do) of the filters of a group, tile by
    tile, in so many visits, a row tile of a map each. Sums begin as nothing, and the last change of one stays."""
    tiles = cut(filters, tile)
    walk = (
        [(here, visit) for here in tiles for visit in range(visits)]
        if filters_outer
        else [(here, visit) for visit in range(visits) for here in tiles]
    )
    stay: set[Byte] = set()
    if not filters_outer:
        places = [[(one, byte) for one in here for byte in range(each)] for here in tiles]
        stay = set(places[0][:buffer]) if len(tiles) == 1 else most_that_stay(places, buffer)
    last: dict[Byte, int] = {}
    for number, (here, _) in enumerate(walk):
        last |= {(one, byte): number for one in here for byte in range(each)}
    came_in = read = written = 0
    chip: set[Byte] = set()
    touched: set[Byte] = set()
    for number, (here, _) in enumerate(walk):
        work = [(one, byte) for one in here for byte in range(each)]
        for place in work:
            if place not in chip:
                came_in += 1
                read += place in touched
                chip.add(place)
            touched.add(place)
        stays = stay | (set(work[:buffer]) if filters_outer else set())
        for place in [place for place in work if place not in stays]:
            chip.remove(place)
            written += last[place] > number
    return came_in, read, written


def backward_bytes(conv: Conv, order: Order, maps: int, buffers: Buffers, held: int, parts: int) -> tuple[int, int]:
    """(weights, gradients) of one group, whose maps are worked off in so many parts alike, other work between them.
    held: bytes of gradients of all maps on chip, every part's or every map's the same, one more of the first."""
    windows, tiles = backward_windows(conv, order.rows), len(cut(conv.channels, order.filters))
    if order.filters_outer:
        one_part = maps // parts
        weights = sum(
            filters_moved(conv.channels, conv.weight, order.filters, one_part * len(windows), buffers.filters,
                          filters_outer=True)[0]
            for _ in range(parts)
        )  # fmt: skip
        holds = [held // parts + (part < held % parts) for part in range(parts)]
        moved = [rows_moved(windows, conv.out_row, one_part, tiles, buffers.rows, h, filters_outer=True) for h in holds]
        return weights, sum(moved)
    weights, _, _ = filters_moved(
        conv.channels, conv.weight, order.filters, maps * len(windows), buffers.filters, filters_outer=False
    )
    holds = [held // maps + (number < held % maps) for number in range(maps)]
    return weights, sum(
        rows_moved(windows, conv.out_row, 1, tiles, buffers.rows, h, filters_outer=False) for h in holds
    )


def update_bytes(conv: Conv, order: Order, maps: int, buffers: Buffers) -> tuple[int, int]:
    """(spikes, sums that go out, which come in again) of one group."""
    windows, tiles = update_windows(conv, order.rows), len(cut(conv.filters, order.filters))
    spikes = rows_moved(windows, conv.in_row, maps, tiles, buffers.rows, 0, filters_outer=order.filters_outer)
    _, read, written = filters_moved(
        conv.filters, conv.sum, order.filters, maps * len(windows), buffers.filters, filters_outer=order.filters_outer
    )
    assert read == written
    return spikes, read
