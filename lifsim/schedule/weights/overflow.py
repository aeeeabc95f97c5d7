"""By how much filter tiles overflow the region of the weight buffer that they pass: what does streams, row by row."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lifsim.distinct import distinct
from lifsim.schedule.facts import LayerFacts
from lifsim.schedule.tensors.rows import Ints


def overflow_bytes(layer: LayerFacts, regions: Ints) -> Ints:
    """[n] bytes of all filter tiles that do not fit into the region, tiles being the smallest."""
    return overflow_of(layer, regions, int(layer.tile_filters[0]))


def overflow_of(layer: LayerFacts, regions: Ints, filters: Ints | int) -> Ints:
    """The same of tiles of so many filters."""
    return overflow_by(regions, filters, layer.group_sets, layer.layer.group_filters, layer.filter_bytes)


def overflow_by(
    regions: Ints, tile: Ints | int, groups: Ints | int, filters: Ints | int, filter_bytes: Ints | int
) -> Ints:
    """Bytes by which tiles of so many of a group's filters overflow a region, in all groups."""
    whole = np.maximum(tile * filter_bytes - regions, 0)
    last = np.maximum(filters % tile * filter_bytes - regions, 0)
    overflow: Ints = groups * (filters // tile * whole + last)
    return overflow


def operand_bytes(layer: LayerFacts, regions: Ints, strips: int) -> Ints:
    """[n] bytes of the second operand of an image and timestep that come from DRAM, if none of it is on chip: once for
    each strip, and for every further output row what overflows."""
    overflow = overflow_bytes(layer, regions)
    return (layer.operand_bytes - overflow) * strips + overflow * layer.rows.axis.rows_out


def smallest_tile_ends(layers: Sequence[LayerFacts], buffer: int) -> Ints:
    """[n] the sizes of the region at which a smallest filter tile of some layer begins to fit, and the least and the
    most."""
    tiles = [(int(layer.tile_filters[0]), layer) for layer in layers]
    sizes = [size * layer.filter_bytes for tile, layer in tiles for size in (tile, layer.layer.group_filters % tile)]
    return distinct(np.minimum([0, buffer, *sizes], buffer))


def fetched_at_least(visits: Ints, sizes: Ints, room: int) -> Ints:
    """[n] bytes that layers whose weights have these `sizes` [layers], and are needed so often [n, layers], fetch at
    least beside so much `room`: what stays is of those that are needed most often."""
    order = np.argsort(-visits, axis=1)
    often, size = np.take_along_axis(visits, order, axis=1), sizes[order]
    pinned = np.clip(room - (np.cumsum(size, axis=1) - size), 0, size)
    fetched: Ints = (size * often - pinned * (often - 1)).sum(axis=1)
    return fetched
