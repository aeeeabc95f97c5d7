"""Tick batching: a layer alone, all timesteps of an output tile back to back, membranes in the PE.

Of all tilings (rows x filters, both loop orders) the one that moves the fewest DRAM bytes is taken, of equals the one
whose tiles take the fewest cycles, of these the one with the fewest tiles. docs/model.md, "Tick-batched layers", has
the equations and what they assume.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lifsim.errors import Fault, InputError
from lifsim.hardware.array import Cut
from lifsim.model.network import Layer
from lifsim.schedule.chip import TileRoom
from lifsim.schedule.held import MembraneRoom
from lifsim.schedule.products import gemm_of
from lifsim.schedule.rows import Ints
from lifsim.schedule.storage import Reals, images_together, tensor_bytes, tick_rows
from lifsim.schedule.tick_nest import Cost, Nest, inputs_outer, nest_of, weights_outer
from lifsim.schedule.tile_price import TileGrid, tile_cycles, tile_spills
from lifsim.schedule.traffic import DramBytes, Held, LayerTraffic, Tiling

NOT_LEGAL = int(np.iinfo(np.int64).max)


def traffic(
    layer: Layer, reals: Reals, room: TileRoom, batch: int, membranes: MembraneRoom | None = None
) -> LayerTraffic:
    """DRAM bytes of `layer` for `batch` images, tick-batched, under the tiling that moves the fewest.

    membranes: where they live; None: all in the array's registers. Raises InputError where no tile has room for its
    membranes.
    """
    gemm, store = gemm_of(layer), room.psums.of(layer)
    nest = nest_of(layer, reals, room, images_together(layer, batch))
    found = _Tilings(layer, nest, nest.rows.heights * tick_rows(layer, reals).row_pixels, membranes)
    legal, costs = found.legal, (weights_outer(nest), inputs_outer(nest))
    nests = layer.groups * (batch // nest.batch)
    total = np.stack([nests * (cost.weights + cost.spikes) for cost in costs])
    spilled = np.zeros(legal.shape, np.int64)
    if not store.dataflow.sums_in_pes:
        grid = found.grid(legal)
        spilled = batch * grid.summed(tile_spills(gemm, store, layer.rounds, grid.heights, grid.widths))
        total += 2 * spilled
    total[:, ~legal] = NOT_LEGAL
    least = total == total.min()
    grid, array = found.grid(least.any(axis=0)), replace(store, room=0)
    each = tile_cycles(gemm, array, layer.rounds, grid.heights, grid.widths)
    order, row, column = found.first(total, grid.summed(each))
    filters = nests * int(costs[order].weights[row, column])
    operand = filters if layer.operand is not None else 0
    return LayerTraffic(
        layer.name,
        DramBytes(
            weights=filters - operand,
            spikes_in=nests * int(costs[order].spikes[row, column]) + operand,
            operand=operand,
            spikes_out=batch * sum(tensor_bytes(tensor, reals) for tensor in layer.outputs),
            residual=batch * sum(tensor_bytes(tensor, reals) for tensor in layer.residuals),
            psum_read=int(spilled[row, column]),
            psum_write=int(spilled[row, column]),
        ),
        found.tiling(costs[order], row, column, grid.tiles(row, column, each)),
    )


@dataclass(frozen=True)
class _Tilings:
    """The tilings [r, m] of one layer. pixels: [r] of a row tile."""

    layer: Layer
    nest: Nest
    pixels: Ints
    membranes: MembraneRoom | None

    @property
    def legal(self) -> NDArray[np.bool_]:
        """[r, m] whether tiles have room. Raises InputError where none has."""
        legal = self.nest.legal
        if self.membranes is not None:
            gemm, filters = gemm_of(self.layer), self.nest.filters.tolist()
            tiles = [[gemm.tile(high, wide) for wide in filters] for high in self.pixels.tolist()]
            legal = legal & np.array([[self.membranes.has_room(tile) for tile in row] for row in tiles])
            if not legal.any():
                raise InputError(self._no_room(self.membranes))
        return legal

    def grid(self, asked: NDArray[np.bool_]) -> TileGrid:
        """The tiles of those that are `asked` for."""
        return TileGrid.of(gemm_of(self.layer), self.pixels, self.nest.filters, asked)

    def first(self, total: Ints, cycles: Ints) -> tuple[int, int, int]:
        """(order, row, column) of the least `total` [orders, r, m], of equals the fewest `cycles` [r, m], of these the
        fewest tiles."""
        tiles = np.multiply.outer(self.nest.rows.tiles, self.nest.filter_tiles)
        keys = (np.broadcast_to(key, total.shape).ravel() for key in (tiles, cycles, total))
        order, row, column = np.unravel_index(np.lexsort(tuple(keys))[0], total.shape)
        return int(order), int(row), int(column)

    def tiling(self, cost: Cost, row: int, column: int, tile_cycles: tuple[tuple[int, ...], ...]) -> Tiling:
        nest, filters = self.nest, int(self.nest.filters[column])
        starts = range(0, self.layer.pixels, int(self.pixels[row]))
        into = Cut(tuple(starts), filters, cost.order == "inputs_outer")
        return Tiling(
            order=cost.order,
            rows=int(nest.rows.heights[row]),
            filters=filters,
            row_tiles=int(nest.rows.tiles[row]),
            filter_tiles=int(nest.filter_tiles[column]),
            resident_weight_bytes=int(cost.resident_weights[column]),
            resident_spike_bytes=int(cost.resident_spikes[row]),
            cut=into,
            tile_cycles=tile_cycles,
            held=Held(0, 0) if self.membranes is None else self.membranes.held_by(self.layer, into),
        )

    def _no_room(self, membranes: MembraneRoom) -> Fault:
        """Why no tile is legal: only membranes can be in the way of the smallest."""
        smallest = gemm_of(self.layer).tile(int(self.pixels[0]), int(self.nest.filters[0]))
        needed = membranes.bytes(membranes.held(smallest).most)
        why = f"so many bytes of membranes has the smallest tile of {self.layer.name!r} beside the array's registers"
        rule = f"a tile may have {membranes.room} bytes of it, which must be >= {needed} for tick batching"
        return Fault(f"{rule}: {why}; --schedule timestep has other room", path="buffers.membrane.size_bytes")
