"""Why a layer cannot be tick-batched."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lifsim.errors import Fault
from lifsim.model.network import Layer
from lifsim.schedule.tick.nest import Nest, begun_most
from lifsim.schedule.tick.tile_price import TilePrices
from lifsim.schedule.tick.ways import Way


def refused(layer: Layer, begun: tuple[int, ...], tried: Sequence[tuple[Way, Nest, TilePrices]]) -> Fault:
    """The reason why no tile is legal: the smallest has too many membranes, or too many weights that must be loaded
    again at every timestep; there is no room for rows of windows that tiles cut; or there is no way to run its
    chains."""
    for way, nest, prices in tried:
        smallest = prices.gemm.tile(int(prices.pixels[0]), int(prices.filters[0]))
        if way.chains is not None and way.chains.alternating:
            weights = int(nest.filters[0]) * nest.filter_bytes
            if weights > nest.weight_buffer:
                calls = way.chains.length
                why = (
                    f"a tile in which chains of {calls} calls of {layer.name!r} alternate has as many bytes of weights"
                )
                return Fault(f"must be >= {weights} for tick batching: {why}", path="buffers.weight.size_bytes")
        if way.membranes is not None and not way.membranes.has_room(smallest):
            needed = way.membranes.bytes(way.membranes.held(smallest).most)
            why = f"the smallest tile of {layer.name!r} has as many bytes of membranes beside the registers"
            return Fault(f"must be >= {needed} for tick batching: {why}", path="buffers.membrane.size_bytes")
        have_room = nest.legal & prices.have_room & prices.keep_chains
        if have_room.any():
            waiting = np.multiply.outer(begun_most(nest, begun), nest.groups * nest.filters)[have_room]
            needed = -(-int(waiting.min()) // layer.filters)
            why = f"as many bytes of rows that have begun wait where row tiles of {layer.name!r} cut windows behind it"
            return Fault(f"must be >= {needed} for tick batching: {why}", path="buffers.spike_out.size_bytes")
    why = "no fold holds a whole chain, and alternating folds cannot replay currents, which the PEs of one fold hold"
    return Fault(f"{layer.name!r} must run timestep by timestep: {why}", path="schedule")
