"""How the weight buffer of a group is divided: a region for the filter tile at work, pinned weights in the rest.

Weights that are not pinned are fetched once per visit of their layer (timestep, chunk, strip). The part of a filter
tile that is not pinned must fit into the region; only the smallest filter tiles may overflow it, and their overflow
streams through it once per output row. If all weights of a group fit, all stay. Second operands are filters of one
image and timestep: they pass through the region, and none of them stay.

For given filter tiles the fewest bytes are convex in the size of the region, so that bisection finds the best size;
between two sizes at which tiles begin to fit, few candidates are left (`lifsim.schedule.weights.stretch`). Larger tiles
mean fewer traversals of inputs; branch and bound finds the layers for which they are worth the room.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, lru_cache

import numpy as np

from lifsim.distinct import distinct
from lifsim.lazy_dataclass import dataclass
from lifsim.schedule.facts import LayerFacts
from lifsim.schedule.tensors.rows import Ints
from lifsim.schedule.weights.demand import WeightDemand
from lifsim.schedule.weights.overflow import operand_bytes, overflow_by, overflow_of
from lifsim.schedule.weights.stretch import Stretch

PROBES = 33
"""How many sizes of the region are evaluated together."""


@dataclass(frozen=True)
class WeightSplit:
    """region: bytes for the filter tile at work. By layer: pinned, fetched: bytes of weights; operand: bytes of second
    operands; reads: bytes of the input; tile: 0 if the smallest filter tile overflows, 1 + m if filter tile m is the
    largest that fits; alike: how many tiles, this one included, are no larger and read as many bytes."""

    region: int
    pinned: Ints
    fetched: Ints
    operand: Ints
    reads: Ints
    tile: Ints
    alike: Ints

    @cached_property
    def moved(self) -> int:
        """Bytes of all layers."""
        return int((self.fetched + self.operand + self.reads).sum())


Fits = tuple[int, ...]
"""By layer, 1 + m for a filter tile m that must fit; 0 for any."""


@lru_cache(maxsize=1 << 12)
def best_weights(demand: WeightDemand) -> WeightSplit:
    """The split that moves the fewest bytes, inputs included.

    Between two sizes at which a tile begins to fit, each tile's overflow is linear in the region, and so is the room
    that it needs. So it is known for each such stretch which tiles a layer can have at all, and with the fewest reads
    of its input follows a floor. Stretches are searched in the order of their floors, until none can win.
    """
    if demand.all_fit:
        largest = [len(layer.tile_bytes) for layer in demand.layers]
        left = demand.buffer - int(demand.sizes.sum())
        return _filled(demand, left, demand.sizes, demand.sizes, largest)
    any_tile = (0,) * len(demand.layers)
    ends = _ends(demand)
    moved = _costs(demand, any_tile, ends)[1]
    fewest = _fewest_reads(demand, ends)
    least = _best_region(demand, any_tile, 0, demand.buffer)
    best = least if least is not None else _split(demand, any_tile, 0)
    floors = np.minimum(moved[:-1], moved[1:]) + fewest.sum(axis=0)
    inside = (ends[:-1] <= best.region) & (best.region <= ends[1:])
    floors[inside] = best.moved - int(best.reads.sum()) + fewest.sum(axis=0)[inside]
    alone = moved + np.stack([reads[_fitting(layer, ends)] for layer, reads in demand.by_layer]).sum(axis=0)
    best = min(best, _split(demand, any_tile, int(ends[alone.argmin()])), key=lambda split: split.moved)
    for stretch in np.argsort(floors, kind="stable"):
        if floors[stretch] >= best.moved:
            break
        low, high = int(ends[stretch]), int(ends[stretch + 1])
        best = _best_in(demand, low, high, fewest[:, stretch], best)
    return best


def _ends(demand: WeightDemand) -> Ints:
    """[n] the sizes of the region at which a tile begins to fit, and the least and the largest size; at least two."""
    sizes = [0, demand.buffer]
    for layer in demand.layers:
        sizes += [*layer.tile_bytes, *(layer.layer.group_filters % layer.tile_filters * layer.filter_bytes)]
    found = distinct(np.minimum(sizes, demand.buffer))
    return found if found.size > 1 else np.repeat(found, 2)


def _fitting(layer: LayerFacts, regions: Ints) -> Ints:
    """[n] 1 + m for the largest filter tile m that a region holds as a whole; 0 for none."""
    return np.searchsorted(layer.tile_bytes, regions, side="right")


def _fewest_reads(demand: WeightDemand, ends: Ints) -> Ints:
    """[layers, n - 1] lower bounds of the bytes read of each input by regions between two of the `ends`: those of the
    largest tile that would fit if the layer had all the room."""
    fewest = np.empty((len(demand.layers), ends.size - 1), np.int64)
    for index, (layer, reads) in enumerate(demand.by_layer):
        lacks = overflow_of(layer, ends[None], layer.tile_filters[:, None])
        legal = lacks + ends <= demand.buffer if layer.weight_bytes else lacks == 0
        largest = (legal[:, :-1] | legal[:, 1:]).sum(axis=0)  # a larger tile overflows by more
        fewest[index] = reads[largest]
    return fewest


def _best_in(demand: WeightDemand, low: int, high: int, fewest: Ints, best: WeightSplit) -> WeightSplit:
    """The better of `best` and the best split with a region of low..high bytes, which reads at least the `fewest` bytes
    of each input.

    Branch and bound. A layer is either undecided, and assumed to read the fewest bytes, or one of its filter tiles must
    fit. What undecided layers really read with the room that they get gives a valid split, and the layer to decide
    next. The bound holds because the bytes of weights never fall as more tiles must fit.
    """
    stretch = Stretch(demand, low, high)
    nodes: list[tuple[dict[int, int], int]] = [({}, 0)]
    while nodes:
        decided, weights = nodes.pop()
        asked = fewest.copy()
        for index, fit in decided.items():
            asked[index] = demand.reads[index][fit]
        if weights + int(asked.sum()) >= best.moved:
            continue
        fits = tuple(decided.get(index, 0) for index in range(len(demand.layers)))
        found = stretch.best(fits)
        if found is None:
            continue
        if found.moved < best.moved:
            best = _filled(demand, found.region, found.pinned, found.fetched, found.tile.tolist())
        wanting = found.reads - asked
        if found.moved - int(wanting.sum()) < best.moved and wanting.max() > 0:
            index, weights = int(wanting.argmax()), found.moved - int(found.reads.sum())
            levels = (fit for fit in _levels(demand.reads[index]) if demand.reads[index][fit] >= fewest[index])
            nodes += [({**decided, index: fit}, weights) for fit in levels]
    return best


def _levels(reads: Ints) -> list[int]:
    """The smallest filter tile for each number of bytes read, the fewest bytes last."""
    return [int(fit) for fit in np.flatnonzero(np.diff(reads, prepend=reads[0] + 1))]


def _best_region(demand: WeightDemand, fits: Fits, low: int, high: int) -> WeightSplit | None:
    """The region of low..high bytes with the fewest bytes of weights and second operands if these filter tiles must
    fit, of equal ones the largest; None if they cannot fit.

    The bytes that tiles lack are convex in the region, and so are the bytes moved where none are lacking. So of the
    sizes that are evaluated, the neighbours of the best one enclose the best of all.
    """
    while True:
        few = high - low < PROBES
        probed = np.arange(low, high + 1) if few else distinct(np.linspace(low, high, PROBES).astype(np.int64))
        lacking, moved = _costs(demand, fits, probed)
        best = int(np.lexsort((-probed, moved, lacking))[0])
        if few:
            return None if lacking[best] else _split(demand, fits, int(probed[best]))
        low, high = int(probed[max(best - 1, 0)]), int(probed[min(best + 1, probed.size - 1)])


@dataclass(frozen=True)
class _Portions:
    """[2 layers, n] bytes of each layer's weights under each region, first the part that must be pinned or else
    streams, then the rest; pinned: how many of them are pinned. times: [2 layers] how often unpinned ones are fetched.
    lacking: [n] bytes that would have to be pinned and are not."""

    bytes: Ints
    pinned: Ints
    times: Ints
    lacking: Ints


def _portions(demand: WeightDemand, fits: Fits, regions: Ints) -> _Portions:
    count, must = len(demand.layers), np.array(fits) > 0
    tiles = np.array([layer.tile_filters[max(fit - 1, 0)] for layer, fit in zip(demand.layers, fits, strict=True)])
    overflow = overflow_by(regions, tiles[:, None], *demand.shapes)
    has_weights = (demand.sizes > 0)[:, None]
    first = overflow * has_weights
    portions = np.concatenate([first, demand.sizes[:, None] - first])
    times = demand.times
    order = np.lexsort((-times, ~np.concatenate([must, np.zeros(count, np.bool_)])))
    before = np.cumsum(portions[order], axis=0) - portions[order]
    pinned = np.empty_like(portions)
    pinned[order] = np.clip(demand.buffer - regions - before, 0, portions[order])
    lacking = ((overflow - pinned[:count]) * must[:, None]).sum(axis=0)
    return _Portions(portions, pinned, times, lacking)


def _costs(demand: WeightDemand, fits: Fits, regions: Ints) -> tuple[Ints, Ints]:
    """([n], [n]) bytes that the tiles which must fit lack, and bytes of weights and second operands that move."""
    found = _portions(demand, fits, regions)
    moved = (found.bytes * found.times[:, None] - found.pinned * (found.times[:, None] - 1)).sum(axis=0)
    return found.lacking, moved + demand.operands(regions)


def _split(demand: WeightDemand, fits: Fits, region: int) -> WeightSplit:
    found, count = _portions(demand, fits, np.array([region])), len(demand.layers)
    moved = (found.bytes * found.times[:, None] - found.pinned * (found.times[:, None] - 1))[:, 0]
    pinned = (found.pinned[:count] + found.pinned[count:])[:, 0]
    tile = demand.largest(region, pinned).tolist()
    return _filled(demand, region, pinned, moved[:count] + moved[count:], tile)


def _filled(demand: WeightDemand, region: int, pinned: Ints, fetched: Ints, tile: Sequence[int]) -> WeightSplit:
    """The split with what else moves under it."""
    each = zip(demand.layers, demand.strips, demand.absent, strict=True)
    operand = [times * int(operand_bytes(layer, np.array([region]), strips)[0]) for layer, strips, times in each]
    reads = [int(by_tile[choice]) for by_tile, choice in zip(demand.reads, tile, strict=True)]
    alike = [_alike(by_tile, choice) for by_tile, choice in zip(demand.reads, tile, strict=True)]
    return WeightSplit(region, pinned, fetched, np.array(operand), np.array(reads), np.array(tile), np.array(alike))


def _alike(reads: Ints, tile: int) -> int:
    largest = max(tile, 1)
    return int(np.count_nonzero(reads[1 : largest + 1] == reads[largest]))
