"""By how many bytes filter tiles overflow their region of the weight buffer. What overflows streams through it once per
output row."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lifsim.distinct import distinct
from lifsim.schedule.facts import LayerFacts
from lifsim.schedule.tensors.rows import Ints


def overflow_bytes(layer: LayerFacts, regions: Ints) -> Ints:
    """[n] bytes by which all filter tiles of the smallest size together overflow the region."""
    return overflow_of(layer, regions, int(layer.tile_filters[0]))


def overflow_of(layer: LayerFacts, regions: Ints, filters: Ints | int) -> Ints:
    """The same for tiles of this many filters."""
    return overflow_by(regions, filters, layer.group_sets, layer.layer.group_filters, layer.filter_bytes)


def overflow_by(
    regions: Ints, tile: Ints | int, groups: Ints | int, filters: Ints | int, filter_bytes: Ints | int
) -> Ints:
    """Bytes by which tiles of this many filters overflow a region, in all groups."""
    whole = np.maximum(tile * filter_bytes - regions, 0)
    last = np.maximum(filters % tile * filter_bytes - regions, 0)
    overflow: Ints = groups * (filters // tile * whole + last)
    return overflow


def operand_bytes(layer: LayerFacts, regions: Ints, strips: int) -> Ints:
    """[n] bytes of the second operand that come from DRAM per image and timestep, if none of it is on chip: all of it
    once per strip, and what overflows again for every further output row."""
    overflow = overflow_bytes(layer, regions)
    return (layer.operand_bytes - overflow) * strips + overflow * layer.rows.axis.rows_out


def smallest_tile_ends(layers: Sequence[LayerFacts], buffer: int) -> Ints:
    """[n] the sizes of the region at which the smallest filter tile of some layer begins to fit, and the least and the
    largest size."""
    tiles = [(int(layer.tile_filters[0]), layer) for layer in layers]
    sizes = [size * layer.filter_bytes for tile, layer in tiles for size in (tile, layer.layer.group_filters % tile)]
    return distinct(np.minimum([0, buffer, *sizes], buffer))


def fetched_at_least(visits: Ints, sizes: Ints, room: int) -> Ints:
    """[n] a lower bound of the bytes that layers fetch, whose weights have these `sizes` [layers] and are needed
    `visits` [n, layers] times, if `room` bytes may stay: those of the layers that need them most often."""
    order = np.argsort(-visits, axis=1)
    often, size = np.take_along_axis(visits, order, axis=1), sizes[order]
    pinned = np.clip(room - (np.cumsum(size, axis=1) - size), 0, size)
    fetched: Ints = (size * often - pinned * (often - 1)).sum(axis=1)
    return fetched
