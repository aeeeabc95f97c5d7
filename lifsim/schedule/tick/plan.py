"""Tick batching: a single layer, all timesteps of an output tile back to back, membranes in the PE; and time windows
(`lifsim.schedule.window`), with only some timesteps back to back.

Of all tilings (rows x filters, both loop orders) the one that moves the fewest DRAM bytes is taken; of equals the one
with the fewest cycles, including those in which the array waits for overlapped LIF units; then the one with the fewest
tiles. If weights are prefetched, loading those of the first tile counts as cycles, too, and of equals the narrowest
tiles are taken instead of the fewest: in the one DRAM queue, other requests wait behind a tile's weights. If chains of
`channelN` can run in more than one way (`lifsim.schedule.tick.ways`), the best tiling of all ways is taken.
docs/model.md, "Tick-batched layers", has the equations and what they assume.
"""

from __future__ import annotations

from operator import attrgetter
from typing import NamedTuple

from lifsim.errors import Fault
from lifsim.model.network import Layer
from lifsim.schedule.chip import TileRoom
from lifsim.schedule.tensors.storage import Reals
from lifsim.schedule.tick.hull import corners
from lifsim.schedule.tick.tilings import Asked, Place, Tilings, higher_nests, nests_of, tilings
from lifsim.schedule.tick.ways import UNCHAINED, Way
from lifsim.schedule.traffic import DramBytes, LayerTraffic
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

    ways: in which its chains may run. begun: [rows + 1] bytes of rows that have begun behind it when 0, 1, ... of its
    rows are done; empty: no rows begin. Returns a fault, the reason, if no tile is legal in any way.
    """
    asked, searches = Asked(layer, reals, room, begun, visits or at_once(layer, batch)), list[Tilings]()
    # A comprehension would be one frame more between the command and a fold, and so would a function.
    for way in ways:
        searches += [tilings(asked, way, nests_of(asked, way))]
    for way, nests, most in higher_nests(searches):
        searches += [tilings(asked, way, nests, most)]
    legal = [search for search in searches if search.legal.any()]
    if not legal:
        from lifsim.schedule.tick.refusal import refused

        return refused(layer, begun, [(search.way, search.nest, search.prices) for search in searches])
    best = legal[0] if len(legal) == 1 else min(legal, key=lambda search: search.price)
    return moved_in(best, best.best[0])


class Others(NamedTuple):
    """Other tilings than that of `traffic`. faster: those that take fewer cycles of the array but move more bytes, as
    far as they are the best at some price of a byte in cycles, by their bytes. narrower: if weights are prefetched,
    tilings with as many bytes as one of those but half or a quarter of the filters in a tile, so that the array waits
    less for the first tile's weights."""

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
    """The other tilings in which `layer` may be tick-batched."""
    asked = Asked(layer, reals, room, begun, at_once(layer, batch))
    searches = [tilings(asked, way, nests_of(asked, way)) for way in ways]
    searches += [tilings(asked, way, nests, most) for way, nests, most in higher_nests(searches)]
    best = [offer.what for offer in corners(offer for search in searches for offer in search.offers)]
    places = best if room.overlap.prefetches else []
    halves = ((search, half) for search, place in places for half in search.halves(place))
    return Others(tuple(moved_in(*one) for one in best[1:]), tuple(moved_in(*one) for one in halves))


def at_once(layer: Layer, batch: int) -> Visits:
    """One, of all images and timesteps."""
    return Visits((Part(layer, batch, 1),))


def moved_in(search: Tilings, place: Place) -> LayerTraffic:
    """What a layer moves under one tiling."""
    asked, (_, row, column) = search.asked, place
    filters = int(search.entering.weights[place])
    operand = filters if asked.layer.operand is not None else 0
    spilled, membranes = int(search.spilled[row, column]), int(search.membranes[row, column])
    return LayerTraffic(
        asked.layer.name,
        DramBytes(
            weights=filters - operand,
            spikes_in=int(search.entering.spikes[place]) + operand,
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
