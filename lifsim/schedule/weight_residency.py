"""How the weight buffer of a group is divided: a region for the filter tile at work, pinned weights in the rest.

Weights that are not pinned come once per visit of their layer (timestep, chunk, strip). A filter tile must fit into the
region, or else its overflow streams through it, once for every output row. If all weights of a group fit, all stay.
Second operands are filters of one image and timestep: they pass the region, and nothing of them stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lifsim.schedule.facts import LayerFacts
from lifsim.schedule.rows import Ints


@dataclass(frozen=True)
class WeightChoices:
    """Every size of the region: regions [n] bytes; fetched, pinned: [layers, n] bytes; tile: [layers, n] 0 where the
    smallest filter tile overflows, 1 + m where filter tile m is the largest that fits."""

    regions: Ints
    fetched: Ints
    pinned: Ints
    tile: Ints


def weight_choices(
    layers: Sequence[LayerFacts], visits: Sequence[int], row_visits: Sequence[int], buffer: int
) -> WeightChoices:
    """Bytes that the layers of a group fetch under every size of the region: each filter tile's, nothing, and all.

    visits, row_visits: how often each layer runs, and how many output rows that makes, over the whole batch.
    """
    sizes = np.array([layer.weight_bytes for layer in layers])
    if sizes.sum() + max((layer.tile_bytes[-1] for layer in layers if layer.operand_bytes), default=0) <= buffer:
        largest = np.array([[len(layer.tile_bytes)] for layer in layers])
        return WeightChoices(np.array([buffer]), sizes[:, None], sizes[:, None], largest)
    regions = np.unique(np.concatenate([[0, buffer], *(layer.tile_bytes for layer in layers)]))
    regions = regions[regions <= buffer]
    tile = np.stack([np.searchsorted(layer.tile_bytes, regions, side="right") for layer in layers])
    overflow = np.stack([overflow_bytes(layer, regions) * (layer.weight_bytes > 0) for layer in layers])
    portions = np.concatenate([overflow, sizes[:, None] - overflow])
    times = np.array([*row_visits, *visits])
    pinned = np.zeros_like(portions)
    room = buffer - regions
    for portion in np.argsort(-times, kind="stable"):
        pinned[portion] = np.minimum(portions[portion], room)
        room = room - pinned[portion]
    fetched = portions * times[:, None] - pinned * (times[:, None] - 1)
    count = len(layers)
    return WeightChoices(regions, fetched[:count] + fetched[count:], pinned[:count] + pinned[count:], tile)


def overflow_bytes(layer: LayerFacts, regions: Ints) -> Ints:
    """[n] bytes of all filter tiles that do not fit into the region, tiles being the smallest."""
    filters, smallest = layer.layer.group_filters, int(layer.tile_filters[0])
    whole = np.maximum(smallest * layer.filter_bytes - regions, 0)
    last = np.maximum(filters % smallest * layer.filter_bytes - regions, 0)
    overflow: Ints = layer.layer.groups * (filters // smallest * whole + last)
    return overflow


def operand_bytes(layer: LayerFacts, regions: Ints, strips: int) -> Ints:
    """[n] bytes of the second operand of an image and timestep that come from DRAM, if none of it is on chip: once for
    each strip, and for every further output row what overflows."""
    overflow = overflow_bytes(layer, regions)
    return (layer.operand_bytes - overflow) * strips + overflow * layer.rows.axis.rows_out


def operand_choices(layers: Sequence[LayerFacts], regions: Ints, strips: Sequence[int], absent: Ints) -> Ints:
    """[layers, n] bytes of second operands under every region, where strips and how often they are not on chip are
    given by layer."""
    parts = zip(layers, strips, absent, strict=True)
    return np.stack([times * operand_bytes(layer, regions, visits) for layer, visits, times in parts])
