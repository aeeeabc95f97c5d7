"""What a layer alone moves in windows, of all sizes of chunks side by side (`lifsim.schedule.tick.plan`).

Of one tiling everything but two things is linear in the visits, their images, or both: what weights come to is so, as
are inputs that pass image by image, and psums. The rows of a chunk that stay while filter tiles pass are found for each
size, and so are the membranes that stay between windows.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property, reduce

import numpy as np

from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Layer
from lifsim.schedule.chip import TileRoom
from lifsim.schedule.chunks import ChunkSizes
from lifsim.schedule.tensors.products import gemm_of
from lifsim.schedule.tensors.rows import Ints
from lifsim.schedule.tensors.storage import Reals, tensor_bytes, tick_rows
from lifsim.schedule.tick.nest import (
    Nest,
    between_visits,
    fetched,
    inputs_outer,
    nest_of,
    pinned_of,
    rows_have_room,
    weights_outer,
)
from lifsim.schedule.tick.tile_price import TilePrices, tile_spills
from lifsim.schedule.tick.ways import Way
from lifsim.schedule.window import StateRoom, Window, kinds_of

AT_ONCE = 1 << 19
"""Tilings in chunks that are looked at in one go."""

Places = tuple[Ints, Ints, Ints]
"""Orders, row tiles and filter tiles of tilings, [k] each."""


@dataclass(frozen=True)
class InChunks:
    """A layer in windows, as `lifsim.schedule.tick.plan.traffic` is asked for it. begun: of a window; state: membranes
    between them."""

    layer: Layer
    reals: Reals
    room: TileRoom
    ways: tuple[Way, ...]
    begun: tuple[int, ...]
    window: Window
    state: StateRoom

    def floors(self, chunks: ChunkSizes) -> Ints:
        """[n] bytes that it does not go below in each of these `chunks`, whichever tiling is best; 0 where no tiling is
        legal."""
        ways = [found for way in self.ways if (found := _InWay(self, way)).places[0].size]
        if not ways:
            return np.zeros_like(chunks.images)
        parts = chunks.some(max(1, AT_ONCE // max(way.places[0].size for way in ways)))
        return np.concatenate([reduce(np.minimum, (way.fewest(one) for way in ways)) for one in parts])


@dataclass(frozen=True)
class _InWay:
    """Its chains worked off in one way. Arrays are of [k] legal tilings."""

    asked: InChunks
    way: Way

    @cached_property
    def kinds(self) -> list[tuple[Nest, int]]:
        """The nest of one image in each window, and how many windows are alike."""
        layers, asked = kinds_of(self.asked.layer, self.asked.window), self.asked
        return [(nest_of(one, asked.reals, asked.room, 1, self.way), often) for one, often in layers]

    @property
    def windows(self) -> int:
        """Of all timesteps."""
        return sum(often for _, often in self.kinds)

    @property
    def nests(self) -> int:
        """One behind the other in a visit."""
        return self.asked.layer.groups // self.kinds[0][0].groups

    @cached_property
    def prices(self) -> TilePrices:
        """Of its tiles."""
        layer, nest, chains = self.asked.layer, self.kinds[0][0], self.way.chains
        pixels = nest.rows.heights * tick_rows(layer, self.asked.reals).row_pixels
        return TilePrices(
            gemm_of(layer, chains), self.asked.room.psums.of(layer, chains), pixels, nest.filters, self.way
        )

    @cached_property
    def places(self) -> Places:
        """Tilings that can be worked off."""
        asked, nest = self.asked, self.kinds[0][0]
        legal = nest.legal & self.prices.have_room & self.prices.keep_chains
        begun = rows_have_room(nest, asked.begun, asked.layer.filters, asked.room.spike_out)
        order, row, column = np.nonzero(np.stack([legal & have_room for have_room in begun]))
        return order, row, column

    def fewest(self, chunks: ChunkSizes) -> Ints:
        """[n] bytes that the best moves in each of these `chunks`."""
        of_chunk, of_image = self._linear
        count = chunks.count[:, None]
        moved = of_chunk * count + of_image * chunks.batch - self._between * (self.windows * count - 1)
        moved[:, self.places[0] == 0] += chunks.summed(self._rows_of)
        if self.windows > 1:
            moved += 2 * (self.windows - 1) * chunks.summed(self._membranes_of)
        best: Ints = moved.min(axis=1)
        return best

    @cached_property
    def _linear(self) -> tuple[Ints, Ints]:
        """Bytes that come once a chunk, in all its windows, and those that do for each image."""
        order, row, column = self.places
        of_chunk, of_image = np.zeros((2, order.size), np.int64)
        layer, reals = self.asked.layer, self.asked.reals
        for (nest, often), (one, _) in zip(self.kinds, kinds_of(layer, self.asked.window), strict=True):
            outer, inner = weights_outer(nest), inputs_outer(nest)
            again = weights_outer(replace(nest, batch=2)).weights - outer.weights
            weights = np.stack([outer.weights - again, np.broadcast_to(inner.resident_weights, again.shape)])
            each = np.stack([again, inner.weights - inner.resident_weights + inner.spikes])
            of_chunk += often * self.nests * weights[order, row, column]
            of_image += often * self.nests * each[order, row, column]
            of_image += often * (2 * self._spilled(one)[row, column])
            of_image += often * sum(tensor_bytes(tensor, reals) for tensor in (*one.outputs, *one.residuals))
        return (of_chunk, of_image) if layer.operand is None else (of_chunk * 0, of_image + of_chunk)

    def _spilled(self, layer: Layer) -> Ints:
        """[r, m] bytes of psums of an image, one way."""
        store, prices = self.prices.store, self.prices
        spilled = np.zeros((prices.pixels.size, prices.filters.size), np.int64)
        if store.dataflow.sums_in_pes:
            return spilled
        grid = prices.grid(np.arange(prices.pixels.size), np.arange(prices.filters.size))
        return grid.summed(tile_spills(prices.gemm, store, layer.rounds, grid.heights, grid.widths), spilled)

    @cached_property
    def _between(self) -> Ints:
        """Weights that stay from one visit to the next, of a layer that has several."""
        order, _, column = self.places
        if self.asked.layer.operand is not None:
            return np.zeros_like(order)
        stays = [between_visits(self.kinds[0][0], one, self.nests) for one in ("weights_outer", "inputs_outer")]
        return np.stack(stays)[order, column]

    def _rows_of(self, images: Ints) -> Ints:
        """[n, k] bytes of the input that come to weights-outer tilings, of chunks of so many images [n]."""
        order, row, column = (place[self.places[0] == 0] for place in self.places)
        moved = np.zeros((images.size, order.size), np.int64)
        at_once = images[:, None] if self.asked.layer.operand is None else np.ones((1, 1), np.int64)
        for nest, often in self.kinds:
            stays = pinned_of(nest, at_once)
            comes = fetched(nest, at_once, stays)
            each = stays[:, row] + comes[:, row] * nest.filter_tiles[column]
            moved += often * self.nests * each * (images[:, None] // at_once)
        return moved

    def _membranes_of(self, images: Ints) -> Ints:
        """[n, k] bytes that leave between two windows, of chunks of so many images [n]."""
        _, row, column = self.places
        at_work, state = self.prices.membranes_at_work[row, column], self.asked.state
        return images[:, None] * state.bytes - state.stays(images[:, None], at_work)
