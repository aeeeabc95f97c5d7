"""DRAM bytes of the two training products of a single layer, in every tiling and both loop orders.

    backward  for each tile of the input's channels, map, row tile; or for each map, row tile, tile of channels
    update    for each tile of filters, map, row tile; or for each map, row tile, tile of filters

A map is of one image in one round, or in all rounds together. The order of the timesteps does not matter to either
product, but sums accumulate in the PEs over the rounds that are together; an update after all images has all of them
together. The loop nest is that of inference (`lifsim.schedule.tick.nest`). In the backward product, membrane gradients
take the place of inputs; some of them are still on chip since they were made, namely those that would be fetched most
often. In the update, sums take the place of weights: the part of the tile at work that the buffer cannot hold is stored
and loaded between two row tiles, and what is not pinned when tiles change. docs/model.md, "Training on the
accelerator".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from operator import itemgetter

import numpy as np

from lifsim.lazy_dataclass import dataclass
from lifsim.schedule.tensors.rows import Ints
from lifsim.schedule.tick.nest import Cost, Nest, fetched, inputs_outer, weights_outer
from lifsim.schedule.traffic import Order
from lifsim.units import counted

NEVER = np.iinfo(np.int64).max
"""The bytes of an illegal tiling."""


@dataclass(frozen=True)
class Tiles:
    """How a product of training is cut. order: its loops; rows, filters: of a tile, of the map and of the channels
    that stand where the forward pass has filters; row_tiles, filter_tiles: of an image, and of a group; together:
    rounds of an image that a tile takes, all or one."""

    order: Order
    rows: int
    filters: int
    row_tiles: int
    filter_tiles: int
    together: int = 1

    @property
    def count(self) -> int:
        """The tiles of one map and group."""
        return self.row_tiles * self.filter_tiles

    def in_words(self, filters: str, stay: str) -> str:
        """For tilings in words: what its filters are, and what stays with one of them under the first order."""
        order = f"{stay} outer" if self.order == "weights_outer" else "maps outer"
        return (
            f"{self.row_tiles} x {counted(self.rows, 'row')}, {self.filter_tiles} x {self.filters} {filters}, {order}"
        )


@dataclass(frozen=True)
class BackwardOrder:
    """The backward product of a layer, whole batch. weights, gradients: bytes that come in, `resident` of the weights
    for good; region: of the weight buffer, for the tile at work."""

    tiles: Tiles
    weights: int
    gradients: int
    resident: int
    region: int

    @property
    def total(self) -> int:
        """Bytes."""
        return self.weights + self.gradients


@dataclass(frozen=True)
class UpdateOrder:
    """The update of a layer, whole batch. spikes: bytes that come in; sums: of weight gradients that go out, and come
    in again; all_sums: of all that there are."""

    tiles: Tiles
    spikes: int
    sums: int
    all_sums: int

    @property
    def total(self) -> int:
        """Bytes."""
        return self.spikes + 2 * self.sums


Nests = Mapping[int, Nest]
"""The nests of one group of a layer, whole batch, by the number of rounds of an image that are packed together, all or
one."""


def best_backward(nests: Nests, groups: int, held: int, parts: int) -> BackwardOrder:
    """The order of a layer with `groups` groups that moves the fewest bytes; among equals, the one with the fewest
    tiles.

    held: bytes of all gradients of membranes that wait on chip. parts: the number of equal parts of the maps between
    which other work is done, so that only weights that stay, an equal share for each group, serve two parts.
    """
    found: list[tuple[int, int, BackwardOrder]] = []
    for together, nest in nests.items():
        part = replace(nest, batch=nest.batch // parts)
        stays = replace(nest, weight_buffer=nest.weight_buffer // (groups if parts > 1 else 1))
        costs = [weights_outer(part), inputs_outer(stays)]
        weights = [parts * costs[0].weights, costs[1].weights]
        reads = [
            _dealt(groups * parts, held, partial(_again_for_each_tile, part)),
            _dealt(groups * nest.batch, held, partial(_map_by_map, nest)),
        ]
        order, row, column = _best(nest, groups * np.stack(weights) + np.stack(reads))
        moved = groups * int(weights[order][row, column]), int(reads[order][row, column])
        resident = groups * int(costs[order].resident_weights[column])
        tiles = _tiles(nest, costs[order], row, column, together)
        best = BackwardOrder(tiles, *moved, resident, nest.weight_buffer)
        found.append((best.total, best.tiles.count * nest.batch, best))
    return min(found, key=itemgetter(0, 1))[2]


def best_update(nest: Nest, groups: int, together: int) -> UpdateOrder:
    """The order of a layer with `groups` groups that moves the fewest bytes; among equals, the one with the fewest
    tiles. nest: its filters, those of one group, are sums. together: rounds of an image in each of its maps."""
    costs = [weights_outer(nest), inputs_outer(nest)]
    sums = [cost.weights - nest.all_filters * nest.filter_bytes for cost in costs]
    total = np.stack([cost.spikes + 2 * moved for cost, moved in zip(costs, sums, strict=True)])
    order, row, column = _best(nest, total)
    each = costs[order].spikes[row, column], sums[order][row, column], nest.all_filters * nest.filter_bytes
    return UpdateOrder(_tiles(nest, costs[order], row, column, together), *(groups * int(size) for size in each))


def _best(nest: Nest, total: Ints) -> tuple[int, int, int]:
    """(order, row, column) of the fewest bytes of `total` [orders, r, m]."""
    total[:, ~nest.legal] = NEVER
    tiles = np.broadcast_to(np.multiply.outer(nest.rows.tiles, nest.filter_tiles), total.shape)
    best = np.lexsort((tiles.ravel(), total.ravel()))[0]
    order, row, column = np.unravel_index(best, total.shape)
    return int(order), int(row), int(column)


def _tiles(nest: Nest, cost: Cost, row: int, column: int, together: int) -> Tiles:
    rows = nest.rows
    return Tiles(
        order=cost.order,
        rows=int(rows.heights[row]),
        filters=int(nest.filters[column]),
        row_tiles=int(rows.tiles[row]),
        filter_tiles=int(nest.filter_tiles[column]),
        together=together,
    )


def _dealt(parts: int, held: int, reads: Callable[[int], Ints]) -> Ints:
    """[r, m] the sum of `reads` over `parts` equal parts, among which the `held` bytes are divided evenly."""
    each, more = divmod(held, parts)
    moved: Ints = (parts - more) * reads(each)
    if more:
        moved = moved + more * reads(each + 1)
    return moved


def _stays(nest: Nest, everything: int, held: int) -> Ints:
    """[r] bytes that are loaded once or are on chip: all, or those held and what spike_in holds beside the window."""
    if everything <= nest.spike_buffer + held:
        return np.full_like(nest.window, everything)
    stays: Ints = np.minimum(everything, np.maximum(nest.spike_buffer - nest.window, 0) + held)
    return stays


def _again_for_each_tile(nest: Nest, held: int) -> Ints:
    """[r, m] bytes of gradients of one group under weights outer."""
    stays = _stays(nest, nest.batch * nest.rows.covered * nest.row_bytes, held)
    once = np.maximum(stays - held, 0)
    return once[:, None] + np.multiply.outer(fetched(nest, nest.batch, stays), nest.filter_tiles)


def _map_by_map(nest: Nest, held: int) -> Ints:
    """[r, m] bytes of gradients of one map under gradients outer. A row that spike_in cannot take whole streams for
    every tile of channels, unless it takes all of the map that is not on chip."""
    one_map = nest.rows.covered * nest.row_bytes
    stays = _stays(nest, one_map, held)
    once = np.maximum(stays - held, 0) + fetched(nest, 1, stays)
    overflow = np.maximum(nest.rows.single_windows * nest.row_bytes - nest.spike_buffer, 0).sum()
    streamed = np.where(nest.rows.heights == 1, 0 if one_map <= nest.spike_buffer + held else overflow, 0)
    return once[:, None] + np.multiply.outer(streamed, nest.filter_tiles - 1)
