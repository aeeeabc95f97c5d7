"""A loop nest of tiles of rows and tiles of filters, and what moves through two buffers while it runs.

What is told row by row here is the byte-by-byte walk of docs/model.md's tables: pinned bytes come once, the rest with
every window that holds it, or with every tile that passes.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

from tests.oracles.trained.plain import Window, cut, up


@dataclass(frozen=True)
class Nest:
    """Of one group. rows, row: how many are tiled, bytes of one of those that come in; filters, each: how many, bytes
    of one; maps: that pass; held: bytes of these on chip before."""

    rows: int
    row: int
    filters: int
    each: int
    maps: int
    spike_buffer: int
    weight_buffer: int
    held: int = 0


@dataclass(frozen=True)
class Order:
    filters_outer: bool
    rows: int
    filters: int


@dataclass(frozen=True)
class Came:
    """Bytes of rows and of filters that come in; pinned: of filters that stay for good."""

    rows: int
    filters: int
    pinned: int


def pinned_rows(windows: list[Window], nest: Nest, maps: int) -> tuple[dict[tuple[int, int], int], int, int]:
    """(by map and row, which place its first byte has among those that windows hold most often; bytes of these that are
    on chip before; and with what comes once)."""
    uses = Counter(row for window in windows for row in window)
    ranked = sorted(uses, key=lambda row: -uses[row])
    place = {(one, row): nest.row * (maps * rank + one) for rank, row in enumerate(ranked) for one in range(maps)}
    every = nest.row * maps * len(ranked)
    beside = max(0, nest.spike_buffer - nest.row * max(map(len, windows)))
    stays = every if every - nest.held <= nest.spike_buffer else min(every, nest.held + beside)
    return place, min(nest.held, every), stays


def stay(tiles: list[int], buffer: int) -> int:
    """Bytes of tiles that pass in turns that stay, with room for what of a tile does not."""
    if len(tiles) == 1:
        return min(tiles[0], buffer)
    rooms = (room for room in range(min(buffer, max(tiles)) + 1)
             if sum(max(0, tile - room) for tile in tiles) <= buffer - room)  # fmt: skip
    return min(sum(tiles), max((buffer - room for room in rooms), default=0))


def came(nest: Nest, order: Order, windows: list[Window], runs: int = 1) -> Came:
    """What comes in. runs: how often each tile of filters, or, rows outer, all that there is, is worked off."""
    tiles = [nest.each * len(tile) for tile in cut(nest.filters, order.filters)]
    if order.filters_outer:
        visits = runs * nest.maps * len(windows)
        filters = sum(tile + (visits - 1) * max(0, tile - nest.weight_buffer) for tile in tiles)
        return Came(_filters_outer(nest, windows, runs * len(tiles)), filters, 0)
    stays = stay(tiles, nest.weight_buffer)
    visits = runs * nest.maps * len(windows)
    return Came(_rows_outer(nest, windows, len(tiles), runs), stays + visits * (sum(tiles) - stays), stays)


def _filters_outer(nest: Nest, windows: list[Window], traversals: int) -> int:
    place, held, stays = pinned_rows(windows, nest, nest.maps)
    moved = stays - held
    for (_, row), first in place.items():
        again = min(nest.row, max(0, first + nest.row - stays))
        moved += traversals * again * sum(row in window for window in windows)
    return moved


def _rows_outer(nest: Nest, windows: list[Window], tiles: int, runs: int) -> int:
    """Map by map: a window stays while all tiles pass; of one that is too large what does not fit comes for each. When
    all runs again, a single map's pinned rows are still there, and so is its single window."""
    place, held, stays = pinned_rows(windows, replace(nest), 1)
    every = nest.row * len(place)
    one_run = stays - held
    overflow = 0
    for window in windows:
        for row in window:
            one_run += min(nest.row, max(0, place[0, row] + nest.row - stays))
        overflow += 0 if stays == every else max(0, nest.row * len(window) - nest.spike_buffer)
    each = one_run + (tiles - 1) * overflow
    if nest.maps > 1:
        return runs * nest.maps * each
    if len(windows) == 1:
        kept = min(every, nest.spike_buffer)
        return each + (runs - 1) * tiles * (every - kept)
    return each + (runs - 1) * (each - (stays - held))


def heights(rows: int) -> list[int]:
    """One for each number of tiles."""
    return sorted({up(rows, tiles) for tiles in range(1, rows + 1)})


def widths(filters: int, columns: int) -> list[int]:
    """The same of filters, by whole columns of the array."""
    smallest = min(columns, filters)
    return sorted({min(filters, up(up(filters, smallest), tiles) * smallest) for tiles in range(1, filters + 1)})


def legal(nest: Nest, order: Order, windows: list[Window], columns: int) -> bool:
    """The smallest tile always is."""
    if (order.rows, order.filters) == (1, min(columns, nest.filters)):
        return True
    tallest = nest.row * max(map(len, windows))
    return tallest <= nest.spike_buffer and nest.each * order.filters <= nest.weight_buffer


def orders(rows: int, filters: int, columns: int) -> list[Order]:
    return [
        Order(outer, height, width)
        for outer in (True, False)
        for height in heights(rows)
        for width in widths(filters, columns)
    ]
