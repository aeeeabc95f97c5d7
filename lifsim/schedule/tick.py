"""Tick batching: a layer alone, all timesteps of an output tile back to back, membranes in the PE.

Of all tilings (rows x filters, both loop orders) the one that moves the fewest DRAM bytes is taken, of equals the one
whose tiles take the fewest cycles, of these the one with the fewest tiles. docs/model.md, "Tick-batched layers", has
the equations and what they assume.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from lifsim.errors import Fault, InputError
from lifsim.hardware.array import Cut
from lifsim.model.network import Layer
from lifsim.schedule.chip import TileRoom
from lifsim.schedule.held import MembraneRoom
from lifsim.schedule.products import gemm_of
from lifsim.schedule.storage import Reals, images_together, tensor_bytes, tick_rows
from lifsim.schedule.tick_nest import Cost, Nest, inputs_outer, nest_of, weights_outer
from lifsim.schedule.tile_price import NOT_LEGAL, TilePrices
from lifsim.schedule.traffic import DramBytes, Held, LayerTraffic, Tiling


def traffic(
    layer: Layer, reals: Reals, room: TileRoom, batch: int, membranes: MembraneRoom | None = None
) -> LayerTraffic:
    """DRAM bytes of `layer` for `batch` images, tick-batched, under the tiling that moves the fewest.

    membranes: where they live; None: all in the array's registers. Raises InputError where no tile has room for its
    membranes.
    """
    search = _Search(layer, reals, room, batch, membranes)
    order, row, column = search.best
    cost = search.costs[order]
    filters = search.nests * int(cost.weights[row, column])
    operand = filters if layer.operand is not None else 0
    spilled = batch * search.prices.spilled(row, column)
    return LayerTraffic(
        layer.name,
        DramBytes(
            weights=filters - operand,
            spikes_in=search.nests * int(cost.spikes[row, column]) + operand,
            operand=operand,
            spikes_out=batch * sum(tensor_bytes(tensor, reals) for tensor in layer.outputs),
            residual=batch * sum(tensor_bytes(tensor, reals) for tensor in layer.residuals),
            psum_read=spilled,
            psum_write=spilled,
        ),
        search.tiling(cost, row, column),
    )


@dataclass(frozen=True)
class _Search:
    """The tilings of one layer: [orders, r, m]."""

    layer: Layer
    reals: Reals
    room: TileRoom
    batch: int
    membranes: MembraneRoom | None

    @cached_property
    def nest(self) -> Nest:
        return nest_of(self.layer, self.reals, self.room, images_together(self.layer, self.batch))

    @property
    def nests(self) -> int:
        """How often the nest is walked."""
        return self.layer.groups * (self.batch // self.nest.batch)

    @cached_property
    def costs(self) -> list[Cost]:
        return [weights_outer(self.nest), inputs_outer(self.nest)]

    @cached_property
    def row_pixels(self) -> int:
        return tick_rows(self.layer, self.reals).row_pixels

    @cached_property
    def prices(self) -> TilePrices:
        store = self.room.psums.of(self.layer)
        rows, filters = self.nest.rows.heights * self.row_pixels, self.nest.filters
        return TilePrices(gemm_of(self.layer), store, self.layer.rounds, rows, filters, self.membranes)

    @cached_property
    def best(self) -> tuple[int, int, int]:
        """(order, row, column) of the fewest bytes, of equals the fewest cycles, then tiles.

        Only where it can matter a tile is priced: psums that spill come on top of what comes in, and cycles decide
        between equals.
        """
        coming = np.stack([self.nests * (cost.weights + cost.spikes) for cost in self.costs])
        legal = self.nest.legal & self.prices.have_room
        if not legal.any():
            raise InputError(self._no_room())
        coming[:, ~legal] = NOT_LEGAL
        total = coming + 2 * self.batch * self.prices.spilled_by(coming.min(axis=0) < NOT_LEGAL)
        least = total == total.min()
        cycles = self.prices.cycles_by(least.any(axis=0))
        tiles = np.multiply.outer(self.nest.rows.tiles, self.nest.filter_tiles)
        every = (np.broadcast_to(key, total.shape).ravel() for key in (tiles, cycles, total))
        order, row, column = np.unravel_index(np.lexsort(tuple(every))[0], total.shape)
        return int(order), int(row), int(column)

    def tiling(self, cost: Cost, row: int, column: int) -> Tiling:
        nest = self.nest
        rows, filters = int(nest.rows.heights[row]), int(nest.filters[column])
        starts = range(0, self.layer.pixels, rows * self.row_pixels)
        into = Cut(tuple(starts), filters, cost.order == "inputs_outer")
        return Tiling(
            order=cost.order,
            rows=rows,
            filters=filters,
            row_tiles=int(nest.rows.tiles[row]),
            filter_tiles=int(nest.filter_tiles[column]),
            resident_weight_bytes=int(cost.resident_weights[column]),
            resident_spike_bytes=int(cost.resident_spikes[row]),
            cut=into,
            held=Held(0, 0) if self.membranes is None else self.membranes.held_by(self.layer, into),
        )

    def _no_room(self) -> Fault:
        """Why no tile is legal: only membranes can be in the way of the smallest."""
        smallest = gemm_of(self.layer).tile(int(self.prices.pixels[0]), int(self.prices.filters[0]))
        needed = self.membranes.bytes(self.membranes.held(smallest).most) if self.membranes else 0
        why = f"beside the registers the smallest tile of {self.layer.name!r} has so many bytes of membranes"
        return Fault(f"must be >= {needed} for tick batching: {why}", path="buffers.membrane.size_bytes")
