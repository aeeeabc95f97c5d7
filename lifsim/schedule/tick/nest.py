"""DRAM bytes of weights and spikes of a tick-batched layer in every tiling, rows x filters, under both loop orders.

docs/model.md, "Tick-batched layers", has the equations.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Layer
from lifsim.schedule.chip import TileRoom
from lifsim.schedule.tensors.rows import Ints, RowTiles, row_tiles, tile_filters
from lifsim.schedule.tensors.storage import Reals, filter_bytes, tick_rows
from lifsim.schedule.tick.ways import Way
from lifsim.schedule.traffic import Order


@dataclass(frozen=True)
class Nest:
    """The loop nest of `groups` groups of a convolution (one, or those whose tiles take turns) in every tiling, for a
    whole batch; for a product of two tensors, whose second operand stands in for weights, for one image.

    rows: [r] the row tiles; filters, filter_tiles: [m] size and number of a group's filter tiles; row_bytes,
    filter_bytes: of all groups of the nest; streams: whether the smallest tile may overflow its buffer and be fetched
    repeatedly; buffers in bytes.
    """

    groups: int
    streams: bool
    batch: int
    rows: RowTiles
    row_bytes: int
    filters: Ints
    all_filters: int
    filter_bytes: int
    spike_buffer: int
    weight_buffer: int

    @property
    def filter_tiles(self) -> Ints:
        """[m] filter tiles."""
        return -(-self.all_filters // self.filters)

    @property
    def window(self) -> Ints:
        """[r] bytes of the largest window."""
        return self.rows.tallest_window * self.row_bytes

    @property
    def legal(self) -> NDArray[np.bool_]:
        """[r, m] whether the inputs and weights of a tile fit into their buffers. Those of the smallest tile may stream
        through them instead, except weights that are needed again at every timestep."""
        weights = self.filters * self.filter_bytes
        legal = np.logical_and.outer(self.window <= self.spike_buffer, weights <= self.weight_buffer)
        legal[self.rows.heights == 1, 0] = self.streams or weights[0] <= self.weight_buffer
        return legal


@dataclass(frozen=True)
class Cost:
    """[r, m] bytes of one group under one loop order; [m] and [r] bytes pinned beside the tile at work."""

    order: Order
    weights: Ints
    spikes: Ints
    resident_weights: Ints
    resident_spikes: Ints


def nest_of(layer: Layer, reals: Reals, room: TileRoom, batch: int, way: Way) -> Nest:
    """The nest of `layer` for `batch` images with one set of filters, its chains running in this `way`."""
    layout = tick_rows(layer, reals)
    smallest = way.smallest_tile(layer, room.cols)
    groups = 1 if way.chains is None else way.chains.groups
    return Nest(
        groups=groups,
        streams=way.chains is None or not way.chains.alternating,
        batch=batch,
        rows=row_tiles(layout.axis),
        row_bytes=groups * layout.row_bytes,
        filters=tile_filters(layer.group_filters, smallest),
        all_filters=layer.group_filters,
        filter_bytes=groups * filter_bytes(layer, room.weight_bits, layer.rounds),
        spike_buffer=room.spike_in,
        weight_buffer=room.weight,
    )


def rows_have_room(
    nest: Nest, begun: tuple[int, ...], filters: int, room: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """([r, m], [r, m]) whether `room` bytes hold the rows that have begun (`lifsim.schedule.tensors.begun`) at the end
    of a row tile until the next one: weights outer, and inputs outer.

    begun: [rows + 1] bytes when 0, 1, ... rows are done, of all `filters`. The share that waits is that of the filters
    which run before the next row tile: the tile's, or all of a group.
    """
    waiting = begun_most(nest, begun)
    outer = np.multiply.outer(waiting, nest.groups * nest.filters) <= room * filters
    every = np.multiply.outer(waiting, np.full_like(nest.filters, nest.groups * nest.all_filters)) <= room * filters
    return outer, every


def begun_most(nest: Nest, begun: tuple[int, ...]) -> Ints:
    """[r] the most bytes that wait at the end of any row tile."""
    rows, heights = len(begun) - 1, nest.rows.heights
    if not begun:
        return np.zeros_like(heights)
    waiting = np.array(begun)
    return np.array([waiting[np.arange(height, rows, height)].max(initial=0) for height in heights], np.int64)


def weights_outer(nest: Nest) -> Cost:
    """For each filter tile, image, row tile. A filter tile stays while all rows of all images pass; rows are fetched
    again for each filter tile unless pinned."""
    full, rest = nest.all_filters // nest.filters, nest.all_filters % nest.filters
    streamed = full * np.maximum(nest.filters * nest.filter_bytes - nest.weight_buffer, 0)
    streamed += np.maximum(rest * nest.filter_bytes - nest.weight_buffer, 0)
    row_tiles = nest.batch * nest.rows.tiles
    weights = nest.all_filters * nest.filter_bytes + np.multiply.outer(row_tiles - 1, streamed)
    pinned = pinned_spikes(nest, "weights_outer")
    moved = fetched(nest, nest.batch, pinned)
    spikes = pinned[:, None] + np.multiply.outer(moved, nest.filter_tiles)
    return Cost("weights_outer", weights, spikes, np.zeros_like(nest.filters), pinned)


def inputs_outer(nest: Nest) -> Cost:
    """For each image, row tile, filter tile. A window stays while all filters pass; filters are fetched again for each
    row tile unless pinned."""
    pinned = pinned_spikes(nest, "inputs_outer")
    overflow = np.maximum(nest.rows.single_windows * nest.row_bytes - nest.spike_buffer, 0).sum()
    streamed = np.where(nest.rows.heights == 1, overflow, 0)
    once = pinned + fetched(nest, 1, pinned)
    spikes = nest.batch * (once[:, None] + np.multiply.outer(streamed, nest.filter_tiles - 1))
    all_weights = nest.all_filters * nest.filter_bytes
    resident = _resident_weights(nest)
    weights = resident + np.multiply.outer(nest.batch * nest.rows.tiles, all_weights - resident)
    return Cost("inputs_outer", weights, spikes, resident, pinned)


def _resident_weights(nest: Nest, nests: int = 1) -> Ints:
    """[m] bytes of weights that stay while the filter tiles, of this many nests, pass repeatedly through a region of
    the buffer.

    The part of a tile of s bytes beyond a region of r bytes must stay: sum(max(0, s - r)) + r <= buffer. The least such
    r leaves the most room, buffer - r. If a tile is larger than the buffer, nothing stays; but if one tile has all
    filters, it follows itself, and as much of it stays as the buffer holds.
    """
    full, rest = nests * (nest.all_filters // nest.filters), nest.all_filters % nest.filters * nest.filter_bytes
    tile, everything = nest.filters * nest.filter_bytes, nests * nest.all_filters * nest.filter_bytes
    buffer = nest.weight_buffer
    if everything <= buffer:
        return np.full_like(tile, everything)
    below_rest = -(-(everything - buffer) // (full + nests - 1))
    above_rest = np.maximum(-(-(full * tile - buffer) // np.maximum(full - 1, 1)), rest)
    region = np.where(below_rest <= rest, below_rest, above_rest)
    stays: Ints = np.where(tile <= buffer, buffer - region, np.where(nests * nest.filter_tiles == 1, buffer, 0))
    return stays


def between_visits(nest: Nest, order: Order, nests: int) -> Ints:
    """[m] bytes of weights that stay from one visit of a layer, of this many successive nests, to the next. Inputs
    outer, each nest keeps its own weights while its row tiles pass, so that of several nests the weights of all stay or
    of none."""
    stays = _resident_weights(nest, nests)
    everything = nests * nest.all_filters * nest.filter_bytes
    return stays if nests == 1 or order == "weights_outer" or everything <= nest.weight_buffer else stays * 0


def staying_of(tiles: Ints, resident: int, buffer: int) -> Ints:
    """[n] bytes that stay of each of n filter tiles, given their bytes, if `resident` bytes stay in all: first what
    each tile has beyond the room that is left for one tile."""
    beyond = np.maximum(tiles - (buffer - resident), 0)
    must = np.clip(resident - (np.cumsum(beyond) - beyond), 0, beyond)
    left = tiles - must
    may = np.clip(resident - int(must.sum()) - (np.cumsum(left) - left), 0, left)
    stays: Ints = must + may
    return stays


def pinned_spikes(nest: Nest, order: Order) -> Ints:
    """[r] bytes of the input that stay during a visit of a layer: of all images, or, inputs outer, of each image in
    turn."""
    images = nest.batch if order == "weights_outer" else 1
    return pinned_of(nest, images)


def pinned_of(nest: Nest, images: Ints | int) -> Ints:
    """[..., r] the same for `images` [..., 1] images: everything if it fits, else what the buffer holds beside the tile
    at work."""
    everything = images * nest.rows.covered * nest.row_bytes
    return np.where(everything <= nest.spike_buffer, everything, np.maximum(nest.spike_buffer - nest.window, 0))


def fetched(nest: Nest, images: Ints | int, pinned: Ints) -> Ints:
    """[..., r] bytes that one traversal of `images` [..., 1] images fetches, if the `pinned` bytes [..., r] are those
    that it would fetch most often."""
    row = images * nest.row_bytes
    rows = nest.rows
    whole = np.minimum(pinned // row, rows.covered)
    spared = rows.fetched_most(whole)
    partly = rows.fetched_most(np.minimum(whole + 1, rows.covered)) - spared
    every = rows.fetched_most(np.full_like(whole, rows.covered))
    fetched: Ints = row * (every - spared) - (pinned - whole * row) * partly
    return fetched
