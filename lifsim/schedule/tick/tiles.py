"""The tiles of a tick-batched layer in the order in which they run, or a section of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from math import prod

import numpy as np

from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Layer
from lifsim.schedule.chip import TileRoom
from lifsim.schedule.tensors.products import gemm_of
from lifsim.schedule.tensors.rows import Ints, single_windows
from lifsim.schedule.tensors.storage import Reals, RowLayout, filter_bytes, images_together, tensor_bytes, tick_rows
from lifsim.schedule.tick.nest import staying_of
from lifsim.schedule.traffic import LayerTraffic, Tiling


@dataclass(frozen=True)
class Tiles:
    """Tiles of a layer in schedule order, steps `first` to `end` - 1: [steps] group, image, row tile and filter tile of
    each. If tiles of several groups (`members`) take turns, a step has a tile of each of them, `group` is the first of
    them, and filter_bytes and row_bytes are of all together. chosen: the images whose tiles these are; None: the whole
    batch."""

    layer: Layer
    reals: Reals
    traffic: LayerTraffic
    rows: RowLayout
    members: Ints
    row_bytes: int
    filter_bytes: int
    input_bytes: int
    batch: int
    spike_buffer: int
    weight_buffer: int
    first: int
    end: int
    chosen: Ints | None = None

    def of_images(self, chosen: Ints) -> Tiles:
        """All tiles of the `chosen` images of the batch."""
        return replace(self, chosen=chosen, first=0, end=steps_of(self.layer, chosen.size, self.traffic.tiling))

    def between(self, first: int, end: int) -> Tiles:
        """The tiles of steps `first` to `end` - 1, as far as they exist."""
        return replace(self, first=first, end=min(end, self.end))

    @cached_property
    def _order(self) -> tuple[Ints, Ints, Ints, Ints]:
        """[steps] group, image, row tile and filter tile of each step."""
        images = self.batch if self.chosen is None else self.chosen.size
        sizes = _sizes(self.layer, images, self.traffic.tiling)
        places = np.unravel_index(np.arange(self.first, self.end), sizes)
        if self.traffic.tiling.order == "inputs_outer":
            group, image, row_tile, filter_tile = places
        else:
            group, lot, filter_tile, image, row_tile = places
            image = lot * images_together(self.layer, images) + image
        return group, image if self.chosen is None else self.chosen[image], row_tile, filter_tile

    @property
    def group(self) -> Ints:
        return self._order[0]

    @property
    def image(self) -> Ints:
        return self._order[1]

    @property
    def row_tile(self) -> Ints:
        return self._order[2]

    @property
    def filter_tile(self) -> Ints:
        return self._order[3]

    @property
    def all_outputs(self) -> int:
        """Outputs of all tiles of the layer, not only of these."""
        layer = self.layer
        return self.batch * self.rows.axis.rows_out * self.rows.row_pixels * layer.group_filters * layer.groups

    @property
    def step(self) -> Ints:
        return np.arange(self.end - self.first)

    @property
    def first_row(self) -> Ints:
        return self.row_tile * self.traffic.tiling.rows

    @property
    def end_row(self) -> Ints:
        return np.minimum(self.first_row + self.traffic.tiling.rows, self.rows.axis.rows_out)

    @property
    def first_filter(self) -> Ints:
        """Within the group."""
        return self.filter_tile * self.traffic.tiling.filters

    @property
    def filters(self) -> Ints:
        return np.minimum(self.traffic.tiling.filters, self.layer.group_filters - self.first_filter)

    @property
    def outputs(self) -> Ints:
        return (self.end_row - self.first_row) * self.rows.row_pixels * self.filters * self.members.size

    @property
    def staying_weights(self) -> Ints:
        """[filter tiles] bytes of each filter tile that stay while others run, inputs outer."""
        tiling = self.traffic.tiling
        sizes = np.array(tiling.cut.filter_tiles(gemm_of(self.layer))) * self.filter_bytes
        return staying_of(sizes, tiling.resident_weight_bytes, self.weight_buffer)

    @property
    def lasting_weights(self) -> Ints:
        """[sets of groups, filter tiles] bytes of each that stay from one visit to the next."""
        tiling = self.traffic.tiling
        sizes = np.array(tiling.cut.filter_tiles(gemm_of(self.layer))) * self.filter_bytes
        sets = tiling.group_sets(self.layer.groups)
        return staying_of(np.tile(sizes, sets), tiling.lasting_weight_bytes, self.weight_buffer).reshape(sets, -1)

    def weight_offset(self, member: int) -> Ints:
        begin = (self.group + member) * self.layer.group_filters + self.first_filter
        if self.layer.operand is not None:
            begin += self.image * self.layer.filters
        return begin * (self.filter_bytes // self.members.size)

    def input_offset(self, member: int) -> Ints:
        """[steps] offset of the window's first row; the groups of an image lie one behind the other."""
        axis = self.rows.axis
        rows = (self.group + member) * axis.rows_in + single_windows(axis)[0][self.first_row]
        return self.image * self.input_bytes + rows * self.rows.row_bytes

    def dealt(self, total: Ints) -> Iterator[tuple[int, Ints]]:
        """(member, its part of `total` [steps])."""
        for number, member in enumerate(self.members.tolist()):
            yield member, total * (number + 1) // self.members.size - total * number // self.members.size


def tiles_of(layer: Layer, reals: Reals, room: TileRoom, batch: int, traffic: LayerTraffic) -> Tiles:
    together, rows = layer.groups // traffic.tiling.group_sets(layer.groups), tick_rows(layer, reals)
    return Tiles(
        layer=layer,
        reals=reals,
        traffic=traffic,
        rows=rows,
        members=np.arange(together) * (layer.groups // together),
        row_bytes=together * rows.row_bytes,
        filter_bytes=together * filter_bytes(layer, room.weight_bits, layer.rounds),
        input_bytes=tensor_bytes(layer.input, reals),
        batch=batch,
        spike_buffer=room.spike_in,
        weight_buffer=room.weight,
        first=0,
        end=steps_of(layer, batch, traffic.tiling),
    )


def _sizes(layer: Layer, batch: int, tiling: Tiling) -> tuple[int, ...]:
    """The iterations of the loops over tiles, the outermost first: sets of groups, images, row tiles and filter tiles
    (inputs outer); or lots of images, filter tiles, images of a lot and row tiles (weights outer)."""
    groups = tiling.group_sets(layer.groups)
    if tiling.order == "inputs_outer":
        return groups, batch, tiling.row_tiles, tiling.filter_tiles
    together = images_together(layer, batch)
    return groups, batch // together, tiling.filter_tiles, together, tiling.row_tiles


def steps_of(layer: Layer, batch: int, tiling: Tiling) -> int:
    """Tiles of `layer` for `batch` images."""
    return prod(_sizes(layer, batch, tiling))
