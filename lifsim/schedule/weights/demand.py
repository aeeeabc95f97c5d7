"""What the layers of a group ask of the weight buffer, and how much of their filter tiles a region of it cannot
hold."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property, lru_cache

import numpy as np

from lifsim.lazy_dataclass import dataclass
from lifsim.schedule.facts import LayerFacts
from lifsim.schedule.tensors.rows import Ints
from lifsim.schedule.weights.overflow import operand_bytes


@dataclass(frozen=True, eq=False)
class _Tiles:
    """Filter tiles by layer, [layers, tiles]; a layer with fewer sizes repeats its last one. whole: the number of whole
    tiles in all groups; bytes: of one; rest: bytes of the smaller last tile of a group. count: [layers] sizes of each
    layer."""

    whole: Ints
    bytes: Ints
    rest: Ints
    count: Ints


@lru_cache(maxsize=1 << 10)
def _tiles_of(layers: tuple[LayerFacts, ...]) -> _Tiles:
    most = max(layer.tile_filters.size for layer in layers)
    tile = np.stack([np.pad(one.tile_filters, (0, most - one.tile_filters.size), "edge") for one in layers])
    found = [(one.group_sets, one.layer.group_filters, one.filter_bytes) for one in layers]
    groups, filters, filter_bytes = np.array(found).T[..., None]
    count = np.array([layer.tile_filters.size for layer in layers])
    return _Tiles(groups * (filters // tile), tile * filter_bytes, filters % tile * filter_bytes, count)


@dataclass(frozen=True)
class WeightDemand:
    """What the layers of a group ask of a weight buffer of `buffer` bytes, over the whole batch.

    visits, row_visits: [layers] how often each layer runs, and its output rows over all visits. absent, strips:
    [layers] how often a second operand comes from DRAM, and in how many strips. asked: by layer, [1 + m] bytes of its
    input: entry 0 if the smallest filter tile overflows, entry 1 + m if filter tile m is the largest that fits.
    """

    layers: tuple[LayerFacts, ...]
    visits: tuple[int, ...]
    row_visits: tuple[int, ...]
    absent: tuple[int, ...]
    strips: tuple[int, ...]
    asked: tuple[tuple[int, ...], ...]
    buffer: int

    @cached_property
    def reads(self) -> list[Ints]:
        """`asked`, as arrays."""
        return [np.array(asked) for asked in self.asked]

    @cached_property
    def sizes(self) -> Ints:
        """[layers] bytes of the weights."""
        return np.array([layer.weight_bytes for layer in self.layers])

    @cached_property
    def shapes(self) -> Ints:
        """[3, layers, 1] the number of groups, filters of a group, and bytes of a filter."""
        found = [(each.group_sets, each.layer.group_filters, each.filter_bytes) for each in self.layers]
        return np.array(found).T[..., None]

    @property
    def by_layer(self) -> Iterator[tuple[LayerFacts, Ints]]:
        """Each with the reads of its input."""
        return zip(self.layers, self.reads, strict=True)

    @property
    def all_fit(self) -> bool:
        """Whether the buffer holds all weights, and the largest tile of a second operand beside them."""
        passing = max((int(layer.tile_bytes[-1]) for layer in self.layers if layer.operand_bytes), default=0)
        return int(self.sizes.sum()) + passing <= self.buffer

    @cached_property
    def times(self) -> Ints:
        """[2 layers] how often weights that are not pinned are fetched: those that stream, then the rest."""
        return np.array([*self.row_visits, *self.visits])

    @cached_property
    def _tiles(self) -> _Tiles:
        return _tiles_of(self.layers)

    @cached_property
    def _read(self) -> Ints:
        """[layers, 1 + tiles] what is `asked`."""
        found = np.zeros((len(self.asked), 1 + self._tiles.bytes.shape[1]), np.int64)
        for row, asked in zip(found, self.asked, strict=True):
            row[: len(asked)] = asked
        return found

    def overflow(self, region: int) -> Ints:
        """[layers, tiles] bytes by which filter tiles overflow a region, in all groups."""
        tiles = self._tiles
        whole, rest = np.maximum(tiles.bytes - region, 0), np.maximum(tiles.rest - region, 0)
        overflow: Ints = tiles.whole * whole + self.shapes[0] * rest
        return overflow

    def largest(self, region: int, pinned: Ints) -> Ints:
        """[layers] 1 + m for the largest filter tile m whose part that is not `pinned` [layers] fits into a region; 0
        if none fits."""
        fitting = self.overflow(region) <= pinned[:, None]
        last = fitting.shape[1] - np.argmax(fitting[:, ::-1], axis=1)
        return np.minimum(np.where(fitting.any(axis=1), last, 0), self._tiles.count)

    def read_with(self, tile: Ints) -> Ints:
        """[layers] bytes of the inputs if these filter tiles (1 + m) are the largest that fit."""
        return self._read[np.arange(tile.size), tile]

    def operands(self, regions: Ints) -> Ints | int:
        """[n] bytes of second operands."""
        each = zip(self.layers, self.strips, self.absent, strict=True)
        return sum(times * operand_bytes(layer, regions, strips) for layer, strips, times in each if times)
