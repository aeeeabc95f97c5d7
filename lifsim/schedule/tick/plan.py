"""Tick batching: a layer alone, all timesteps of an output tile back to back, membranes in the PE; and time windows
(`lifsim.schedule.window`), in which some of them are.

Of all tilings (rows x filters, both loop orders) the one that moves the fewest DRAM bytes is taken, of equals the one
whose tiles take the fewest cycles, those counted in which the array waits for LIF units that serve under its work, of
these the one with the fewest tiles; where the next tile's weights come while the array works on one, those of the first
tile count as cycles, too, and of equals it is the one with the narrowest tiles: what is asked for at once waits behind
them in the one queue.
Where chains of `channelN` can be worked off in more than one way (`lifsim.schedule.tick.ways`), it is the best of all
of them. docs/model.md, "Tick-batched layers", has the equations and what they assume.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from operator import attrgetter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lifsim.errors import Fault
from lifsim.hardware.array import Cut
from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Layer, Tensor
from lifsim.schedule.chip import TileRoom
from lifsim.schedule.tensors.products import gemm_of
from lifsim.schedule.tensors.rows import Ints
from lifsim.schedule.tensors.storage import Reals, images_together, tensor_bytes, tick_rows
from lifsim.schedule.tick.hull import Offer, corners
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
from lifsim.schedule.tick.refusal import refused
from lifsim.schedule.tick.tile_price import NOT_LEGAL, TilePrices, tile_cycles, tile_spills
from lifsim.schedule.tick.ways import UNCHAINED, Way
from lifsim.schedule.traffic import DramBytes, Held, LayerTraffic, Tiling
from lifsim.schedule.window import Part, Visits


def traffic(
    layer: Layer,
    reals: Reals,
    room: TileRoom,
    batch: int,
    ways: tuple[Way, ...] = (UNCHAINED,),
    begun: tuple[int, ...] = (),
    visits: Visits | None = None,
) -> LayerTraffic | Fault:
    """DRAM bytes of `layer` for `batch` images, tick-batched, or in these `visits`, under the tiling that moves the
    fewest.

    ways: in which its chains may be worked off. begun: [rows + 1] bytes of rows that have begun behind it when so many
    of its rows are done; empty: none has. A fault is why no tile is legal under any of them.
    """
    asked, searches = _Asked(layer, reals, room, begun, visits or _at_once(layer, batch)), list[_Search]()
    for way in ways:  # (a comprehension would be one frame more between the command and a fold)
        searches += [_searched(asked, way)]
    legal = [search for search in searches if search.legal.any()]
    if not legal:
        return refused(layer, begun, [(search.way, search.nest, search.prices) for search in searches])
    best = legal[0] if len(legal) == 1 else min(legal, key=lambda search: search.price)
    return _moved(best, best.best[0])


class Others(NamedTuple):
    """Tilings beside that of `traffic`. faster: that take fewer cycles of the array, and move more bytes: of all legal
    ones those that are the best at some price of a byte in cycles, by their bytes. narrower: where weights come while
    the array works on others, of as many bytes as these and that one, with a half and a quarter of the filters, whose
    first ones the array waits for less long."""

    faster: tuple[LayerTraffic, ...]
    narrower: tuple[LayerTraffic, ...]


def others(
    layer: Layer,
    reals: Reals,
    room: TileRoom,
    batch: int,
    ways: tuple[Way, ...] = (UNCHAINED,),
    begun: tuple[int, ...] = (),
) -> Others:
    """What else `layer` may be worked off in, tick-batched."""
    asked = _Asked(layer, reals, room, begun, _at_once(layer, batch))
    searches = [_searched(asked, way) for way in ways]
    best = [offer.what for offer in corners(offer for search in searches for offer in search.offers)]
    places = best if room.overlap.prefetches else []
    halves = ((search, half) for search, place in places for half in search.halves(place))
    return Others(tuple(_moved(*one) for one in best[1:]), tuple(_moved(*one) for one in halves))


Place = tuple[int, int, int]
"""Of a tiling: (order, row, column)."""


@dataclass(frozen=True)
class _Asked:
    """Whose tiling is searched, as `traffic` is told it."""

    layer: Layer
    reals: Reals
    room: TileRoom
    begun: tuple[int, ...]
    visits: Visits

    def bytes(self, tensors: Callable[[Layer], tuple[Tensor, ...]]) -> int:
        """Of these of its tensors, each of which moves once a visit."""
        return sum(
            part.times * part.images * tensor_bytes(tensor, self.reals)
            for part in self.visits.parts
            for tensor in tensors(part.layer)
        )


def _at_once(layer: Layer, batch: int) -> Visits:
    return Visits((Part(layer, batch, 1),))


def _moved(search: _Search, place: Place) -> LayerTraffic:
    """Under one tiling."""
    asked, (_, row, column) = search.asked, place
    filters = int(search.weights[place])
    operand = filters if asked.layer.operand is not None else 0
    spilled, membranes = int(search.spilled[row, column]), int(search.membranes[row, column])
    return LayerTraffic(
        asked.layer.name,
        DramBytes(
            weights=filters - operand,
            spikes_in=int(search.spikes[place]) + operand,
            operand=operand,
            spikes_out=asked.bytes(attrgetter("outputs")),
            residual=asked.bytes(attrgetter("residuals")),
            membrane_read=membranes,
            membrane_write=membranes,
            psum_read=spilled,
            psum_write=spilled,
        ),
        search.tiling(place),
    )


@dataclass(frozen=True)
class _Search:
    """The tilings of one layer. nest, costs: [orders] of its largest visit; prices: of its tiles; legal: [r, m] which
    can be worked off; weights, spikes: [orders, r, m] bytes, all visits; between: [orders, m] weights that stay
    from one visit to the next; spilled, membranes: [r, m] bytes of psums and of membranes, one way; total: [orders, r,
    m] bytes but for what the layer puts out."""

    asked: _Asked
    way: Way
    nest: Nest
    costs: list[Cost]
    prices: TilePrices
    legal: NDArray[np.bool_]
    weights: Ints
    spikes: Ints
    between: Ints
    spilled: Ints
    membranes: Ints
    total: Ints

    @cached_property
    def best(self) -> tuple[Place, int]:
        """The tiling of the fewest bytes, of equals the fewest cycles, then tiles, or the narrowest tiles; and cycles:
        of the array in all visits, those in which it waits for LIF units, and for the weights of the first tile, on
        which all others come under its work."""
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
        """[m] filters of a tile, where they are to be few."""
        return self.nest.filters if self.asked.room.overlap.prefetches else np.zeros_like(self.nest.filters)

    @property
    def offers(self) -> Iterator[Offer[tuple[_Search, Place]]]:
        """Every legal tiling for its bytes and cycles."""
        grid, rounds = self.prices.grid_of(self.legal), self.asked.layer.rounds
        cycles = grid.summed(tile_cycles(*self.prices.on_array(grid, rounds)), np.zeros(self.legal.shape, np.int64))
        for order, row, column in np.argwhere(self.total < NOT_LEGAL).tolist():
            place = order, row, column
            yield Offer(int(self.total[place]), int(cycles[row, column]), (self, place))

    def halves(self, place: Place) -> Iterator[Place]:
        """Of equally many bytes, the widest tiles of which a layer has twice and four times as many, or more."""
        order, row, column = place
        tiles, alike = self.nest.filter_tiles, self.total[order, row] == self.total[place]
        fits = (np.flatnonzero(alike & (tiles >= more * tiles[column])) for more in (2, 4))
        for narrower in sorted({int(fit[np.argmax(self.nest.filters[fit])]) for fit in fits if fit.size}):
            yield order, row, narrower

    def tiling(self, place: Place) -> Tiling:
        order, row, column = place
        nest, cost = self.nest, self.costs[order]
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
            lasting_weight_bytes=int(self.between[order, column]),
        )

    @property
    def price(self) -> tuple[int, int, int, int]:
        """(bytes, cycles, width, tiles) of the best tiling."""
        (order, row, column), cycles = self.best
        nest, groups = self.nest, self.asked.layer.groups // self.nest.groups
        tiles = int(nest.rows.tiles[row] * nest.filter_tiles[column]) * groups
        return int(self.total[order, row, column]), cycles, int(self.width[column]), tiles


def _searched(asked: _Asked, way: Way) -> _Search:
    """All tilings of a layer with what they move; psums that spill, and membranes, come on top of what comes in."""
    layer, room, visits = asked.layer, asked.room, asked.visits
    nests = [
        nest_of(part.layer, asked.reals, room, images_together(part.layer, part.images), way) for part in visits.parts
    ]
    nest, costs = nests[0], [[weights_outer(nest), inputs_outer(nest)] for nest in nests]
    store, pixels = room.psums.of(layer, way.chains), nest.rows.heights * tick_rows(layer, asked.reals).row_pixels
    prices = TilePrices(gemm_of(layer, way.chains), store, pixels, nest.filters, way)
    legal = nest.legal & prices.have_room & prices.keep_chains
    keeps = [legal & have_room for have_room in rows_have_room(nest, asked.begun, layer.filters, room.spike_out)]
    legal = keeps[0] | keeps[1]
    spilled = np.zeros(legal.shape, np.int64)
    if not store.dataflow.sums_in_pes and legal.any():
        grid = prices.grid_of(legal)
        for part in visits.parts:
            each = tile_spills(prices.gemm, store, part.layer.rounds, grid.heights, grid.widths)
            spilled += part.times * part.images * grid.summed(each, np.zeros_like(spilled))
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
    membranes = visits.moved(prices.membranes_at_work) if visits.windows > 1 else np.zeros_like(spilled)
    total = weights + spikes + 2 * (spilled + membranes)
    total[~np.stack(keeps)] = NOT_LEGAL
    return _Search(asked, way, nest, costs[0], prices, legal, weights, spikes, between, spilled, membranes, total)
