"""All tilings of a single layer, rows x filters under both loop orders, with the bytes that they move.

For each number of row tiles the lowest are examined, for each number of filter tiles the narrowest. The same number of
wider filter tiles never moves less, since of a fixed sum equal sizes overflow a region the least. The same number of
higher row tiles may move less: at the edges of a map they cut where windows have fewer rows in common, or between the
windows of a pool, or their folds spill less. The bytes that come in for higher tiles are computed for all of them
together; only those for which they are below the best total so far are examined further. Of equals the lowest are
taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lifsim.hardware.array import Cut
from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Layer, Tensor
from lifsim.schedule.chip import TileRoom
from lifsim.schedule.tensors.products import gemm_of
from lifsim.schedule.tensors.rows import Ints, higher_row_tiles
from lifsim.schedule.tensors.storage import Reals, images_together, tensor_bytes, tick_rows
from lifsim.schedule.tick.hull import Offer
from lifsim.schedule.tick.lif_turns import LifTurns
from lifsim.schedule.tick.nest import (
    Cost,
    Nest,
    between_visits,
    inputs_outer,
    nest_of,
    rows_have_room,
    weights_outer,
)
from lifsim.schedule.tick.tile_price import NOT_LEGAL, TilePrices, tile_cycles, tile_spills
from lifsim.schedule.tick.ways import Way
from lifsim.schedule.traffic import Held, Tiling
from lifsim.schedule.window import Visits

Place = tuple[int, int, int]
"""The index of a tiling: (order, row, column)."""


@dataclass(frozen=True)
class Asked:
    """The layer whose tiling is searched, and how it runs, as in `traffic`."""

    layer: Layer
    reals: Reals
    room: TileRoom
    begun: tuple[int, ...]
    visits: Visits

    def bytes(self, tensors: Callable[[Layer], tuple[Tensor, ...]]) -> int:
        """Bytes of these tensors of the layer, each of which moves once per visit."""
        return sum(
            part.times * part.images * tensor_bytes(tensor, self.reals)
            for part in self.visits.parts
            for tensor in tensors(part.layer)
        )


@dataclass(frozen=True)
class _Entering:
    """What comes in for a layer over all visits, in tilings of r row tiles and m filter tiles. nests: one for each kind
    of visits, the largest first; costs: [orders] of the first nest; weights, spikes: [orders, r, m] bytes; between:
    [orders, m] bytes of weights that stay from one visit to the next."""

    nests: tuple[Nest, ...]
    costs: list[Cost]
    weights: Ints
    spikes: Ints
    between: Ints

    @classmethod
    def of(cls, asked: Asked, nests: Sequence[Nest]) -> _Entering:
        """From `nests` of the same row tiles and filter tiles, one for each kind of visits."""
        layer, visits, nest = asked.layer, asked.visits, nests[0]
        costs = [[weights_outer(nest), inputs_outer(nest)] for nest in nests]
        walks = [
            part.times * (layer.groups // nest.groups * (part.images // nest.batch))
            for part, nest in zip(visits.parts, nests, strict=True)
        ]
        between = np.stack([between_visits(nest, cost.order, layer.groups // nest.groups) for cost in costs[0]])
        between *= visits.count > 1 and layer.operand is None
        weights, spikes = (
            np.stack([sum(walk * getattr(cost[order], name) for walk, cost in zip(walks, costs, strict=True))
                      for order in range(2)])
            for name in ("weights", "spikes")
        )  # fmt: skip
        weights -= (visits.count - 1) * between[:, None]
        return cls(tuple(nests), costs[0], weights, spikes, between)


@dataclass(frozen=True)
class Tilings:
    """The tilings of r heights of row tiles and m filter tiles. entering: what comes in for them; prices: of their
    tiles; legal: [r, m] which of them can run; short: whether anything other than the weight and input buffers makes a
    tiling illegal, or adds traffic; spilled, membranes: [r, m] bytes of psums and of membranes, one way; total:
    [orders, r, m] bytes without the layer's outputs."""

    asked: Asked
    way: Way
    entering: _Entering
    prices: TilePrices
    legal: NDArray[np.bool_]
    short: bool
    spilled: Ints
    membranes: Ints
    total: Ints

    @cached_property
    def nest(self) -> Nest:
        """The nest of the largest visit."""
        return self.entering.nests[0]

    @property
    def fewest(self) -> int:
        """The `total` of the best tiling; NOT_LEGAL if none is legal."""
        return int(self.total.min())

    @cached_property
    def best(self) -> tuple[Place, int]:
        """The tiling with the fewest bytes, of equals with the fewest cycles, then with the fewest, or the narrowest,
        tiles. And its cycles: of the array in all visits, including those in which it waits for LIF units, and for the
        first tile's weights if those of later tiles are prefetched."""
        nest, prices, room = self.nest, self.prices, self.asked.room
        grid = prices.grid_of((self.total == self.total.min()).any(axis=0))
        taken = room.overlap.first_weights(nest.filters[grid.columns] * nest.filter_bytes)[None]
        for part in self.asked.visits.parts:
            work = grid.sums(tile_cycles(*prices.on_array(grid, part.layer.rounds)))
            turns = LifTurns.of(part.layer, room.pass_cycles)
            waits = 0 if turns is None else turns.waits(prices.gemm, prices.array, grid, work)
            taken = taken + part.times * part.images * (work + waits)
        cycles = np.zeros(self.legal.shape, np.int64)
        cycles[np.ix_(grid.rows, grid.columns)] = taken
        tiles = np.multiply.outer(nest.rows.tiles, nest.filter_tiles)
        every = (np.broadcast_to(key, self.total.shape).ravel() for key in (tiles, self.width, cycles, self.total))
        order, row, column = np.unravel_index(np.lexsort(tuple(every))[0], self.total.shape)
        return (int(order), int(row), int(column)), int(cycles[row, column])

    @property
    def width(self) -> Ints:
        """[m] filters of a tile if narrow tiles are preferred, else 0."""
        return self.nest.filters if self.asked.room.overlap.prefetches else np.zeros_like(self.nest.filters)

    @property
    def offers(self) -> Iterator[Offer[tuple[Tilings, Place]]]:
        """Every legal tiling for its bytes and cycles."""
        grid, rounds = self.prices.grid_of(self.legal), self.asked.layer.rounds
        cycles = grid.summed(tile_cycles(*self.prices.on_array(grid, rounds)), np.zeros(self.legal.shape, np.int64))
        for order, row, column in np.argwhere(self.total < NOT_LEGAL).tolist():
            place = order, row, column
            yield Offer(int(self.total[place]), int(cycles[row, column]), (self, place))

    def halves(self, place: Place) -> Iterator[Place]:
        """Tilings of the same bytes: the widest filter tiles that are at least twice as many, and at least four times
        as many."""
        order, row, column = place
        tiles, alike = self.nest.filter_tiles, self.total[order, row] == self.total[place]
        fits = (np.flatnonzero(alike & (tiles >= more * tiles[column])) for more in (2, 4))
        for narrower in sorted({int(fit[np.argmax(self.nest.filters[fit])]) for fit in fits if fit.size}):
            yield order, row, narrower

    def tiling(self, place: Place) -> Tiling:
        order, row, column = place
        nest, cost = self.nest, self.entering.costs[order]
        rows, filters = int(nest.rows.heights[row]), int(nest.filters[column])
        starts = self.prices.starts(row)
        into, membranes = Cut(starts, filters, cost.order == "inputs_outer", self.way.chains), self.way.membranes
        return Tiling(
            order=cost.order,
            rows=rows,
            filters=filters,
            row_tiles=int(nest.rows.tiles[row]),
            filter_tiles=int(nest.filter_tiles[column]),
            resident_weight_bytes=int(cost.resident_weights[column]),
            resident_spike_bytes=int(cost.resident_spikes[row]),
            cut=into,
            held=Held(0, 0) if membranes is None else membranes.held_by(self.asked.layer, into),
            lasting_weight_bytes=int(self.entering.between[order, column]),
        )

    @property
    def price(self) -> tuple[int, int, int, int]:
        """(bytes, cycles, width, tiles) of the best tiling."""
        (order, row, column), cycles = self.best
        nest, groups = self.nest, self.asked.layer.groups // self.nest.groups
        tiles = int(nest.rows.tiles[row] * nest.filter_tiles[column]) * groups
        return int(self.total[order, row, column]), cycles, int(self.width[column]), tiles


def nests_of(asked: Asked, way: Way) -> list[Nest]:
    """Nests with the lowest row tiles for each number of tiles, and all filter tiles; one for each kind of visits."""
    parts = asked.visits.parts
    return [
        nest_of(part.layer, asked.reals, asked.room, images_together(part.layer, part.images), way) for part in parts
    ]


def higher_nests(lowest: Sequence[Tilings], most: int | None = None) -> Iterator[tuple[Way, list[Nest], int]]:
    """By way, the nests of all other row tiles for which less than `most` bytes come in, and `most`: unless given, what
    the best of the `lowest` moves. If only weights and inputs are short of room, there are none unless they read fewer
    rows."""
    found = [(search, higher_row_tiles(search.nest.rows.axis)) for search in lowest]
    may = [(search, rows) for search, rows in found if rows.heights.size and (search.short or rows.may_read_fewer)]
    if most is None:
        most = min(search.fewest for search in lowest) if may else 0
    for search, rows in may:
        comes = _Entering.of(search.asked, [replace(nest, rows=rows) for nest in search.entering.nests])
        wanted: NDArray[np.bool_] = np.any((comes.weights + comes.spikes < most) & comes.nests[0].legal, axis=(0, 2))
        if wanted.any():
            yield search.way, [replace(nest, rows=rows.some(wanted)) for nest in comes.nests], most


def tilings(asked: Asked, way: Way, nests: Sequence[Nest], most: int = NOT_LEGAL) -> Tilings:
    """The tilings of the row and filter tiles of `nests`, one nest for each kind of visits; only those with a total
    below `most` count as legal. Spilled psums and membranes are added to what comes in."""
    layer, room, visits, nest = asked.layer, asked.room, asked.visits, nests[0]
    store, pixels = room.psums.of(layer, way.chains), nest.rows.heights * tick_rows(layer, asked.reals).row_pixels
    prices = TilePrices(gemm_of(layer, way.chains), store, pixels, nest.filters, way)
    legal = nest.legal & prices.have_room & prices.keep_chains
    keeps = [legal & have_room for have_room in rows_have_room(nest, asked.begun, layer.filters, room.spike_out)]
    short, legal = bool((nest.legal & ~(keeps[0] & keeps[1])).any()), keeps[0] | keeps[1]
    spilled = np.zeros(legal.shape, np.int64)
    if not store.dataflow.sums_in_pes and legal.any():
        grid = prices.grid_of(legal)
        for part in visits.parts:
            each = tile_spills(prices.gemm, store, part.layer.rounds, grid.heights, grid.widths)
            spilled += part.times * part.images * grid.summed(each, np.zeros_like(spilled))
    entering = _Entering.of(asked, nests)
    at_work = prices.membranes_at_work if visits.windows > 1 else np.zeros_like(spilled)
    membranes = visits.moved(at_work) if visits.windows > 1 else at_work
    total = entering.weights + entering.spikes + 2 * (spilled + membranes)
    total[~np.stack(keeps) | (total >= most)] = NOT_LEGAL
    legal &= total.min(axis=0) < NOT_LEGAL
    short = short or bool(spilled.any()) or (visits.windows > 1 and bool(at_work.any()))
    return Tilings(asked, way, entering, prices, legal, short, spilled, membranes, total)
