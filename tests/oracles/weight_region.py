"""The weight buffer of a group, by trying everything: every size of the region, every filter tile of every layer, every
number of pinned bytes. Knows nothing of lifsim."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product


@dataclass(frozen=True)
class Weights:
    """One layer: `filters` of so many bytes in each of its groups, tiles of `tile_filters` (the smallest first).
    visits, row_visits: how often all of it is needed, and in how many output rows. reads: bytes of its input where the
    smallest tile streams, then those for each tile. passing: how often its filters are those of an image that has come
    for it, which are never pinned, 0 for weights; rows, strips: of its output."""

    groups: int
    filters: int
    filter_bytes: int
    tile_filters: tuple[int, ...]
    visits: int
    row_visits: int
    reads: tuple[int, ...]
    passing: int = 0
    rows: int = 0
    strips: int = 0

    @property
    def bytes(self) -> int:
        """Of all filters."""
        return self.groups * self.filters * self.filter_bytes

    def tiles(self, filters: int) -> Iterator[int]:
        """Bytes of each tile."""
        for _ in range(self.groups):
            left = self.filters
            while left > 0:
                yield min(filters, left) * self.filter_bytes
                left -= filters

    def costs(self, region: int, pinned: int) -> Iterator[int]:
        """What moves with each tile that can be."""
        for number, filters in enumerate(self.tile_filters):
            outside = sum(max(0, tile - region) for tile in self.tiles(filters))
            streams = max(0, outside - pinned)
            if number > 0 and streams:
                continue
            read = self.reads[0 if streams else 1 + number]
            if self.passing:
                yield read + self.passing * (streams * self.rows + (self.bytes - streams) * self.strips)
            else:
                yield read + pinned + streams * self.row_visits + (self.bytes - pinned - streams) * self.visits


def fewest_bytes(layers: Sequence[Weights], buffer: int) -> int:
    """Of all that the buffer allows."""
    pins = [range(0 if layer.passing else layer.bytes + 1) or range(1) for layer in layers]
    return min(
        sum(min(layer.costs(region, stays)) for layer, stays in zip(layers, pinned, strict=True))
        for region in range(buffer + 1)
        for pinned in product(*pins)
        if region + sum(pinned) <= buffer
    )
