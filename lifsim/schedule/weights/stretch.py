"""The best region of the weight buffer between two sizes at which filter tiles begin to fit.

There, a tile's overflow is linear in the region, and so is each portion of the weights: first what must be pinned or
else streams, then the rest. Pinned weights fill the buffer beside the region, portion after portion, so that the bytes
moved are piecewise linear in the region, with breakpoints where the room ends exactly with a portion. The integer sizes
on either side of these breakpoints, and the two ends, include one with the fewest bytes.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lifsim.lazy_dataclass import dataclass
from lifsim.schedule.tensors.rows import Ints
from lifsim.schedule.weights.demand import WeightDemand


@dataclass(frozen=True)
class Found:
    """A region. By layer: bytes of its weights that are pinned and fetched; 1 + m for the largest filter tile m that
    fits, 0 for none; bytes read of its input. moved: all bytes."""

    region: int
    pinned: Ints
    fetched: Ints
    tile: Ints
    reads: Ints
    moved: int


@dataclass(frozen=True)
class Stretch:
    """The regions of low..high bytes, for one demand on the buffer."""

    demand: WeightDemand
    low: int
    high: int

    def best(self, fits: tuple[int, ...]) -> Found | None:
        """The region with the fewest bytes of weights and second operands if these filter tiles (1 + m; 0 for any) must
        fit, of equal ones the largest; None if they cannot fit."""
        demand, count = self.demand, len(self.demand.layers)
        asked = np.array(fits)
        overflow = self._overflow[:, np.arange(count), np.maximum(asked, 1) - 1]
        size, slope = self._portions(overflow)
        must = np.concatenate([asked > 0, np.zeros(count, np.bool_)])
        order = np.lexsort((-demand.times, ~must))
        size, slope, times = size[order], slope[order], demand.times[order]
        more = self._candidates(size, slope)
        portions = size[:, None] + slope[:, None] * more
        before = np.cumsum(portions, axis=0) - portions
        pinned = np.minimum(np.maximum(demand.buffer - self.low - more - before, 0), portions)
        lacks = int(must.sum())
        lacking = (portions[:lacks] - pinned[:lacks]).sum(axis=0) + self._unpinned(overflow, must[:count], more)
        comes = portions * times[:, None] - pinned * (times - 1)[:, None]
        operands = demand.operands(self.low + more)
        moved = comes.sum(axis=0) + operands
        best = int(np.lexsort((-more, moved, lacking))[0])
        if lacking[best]:
            return None
        by_layer = np.empty((2, 2 * count), np.int64)
        by_layer[:, order] = pinned[:, best], comes[:, best]
        stays, fetched = by_layer[:, :count] + by_layer[:, count:]
        region = self.low + int(more[best])
        tile = demand.largest(region, stays)
        reads = demand.read_with(tile)
        return Found(region, stays, fetched, tile, reads, int(moved[best]) + int(reads.sum()))

    def _portions(self, overflow: Ints) -> tuple[Ints, Ints]:
        """([2 layers], [2 layers]) bytes of each portion in the lowest region, and by how many they grow with each byte
        of the region; overflow: [2, layers] of the filter tiles, in the lowest and the highest region."""
        first = overflow * (self.demand.sizes > 0)
        portions = np.concatenate([first, self.demand.sizes - first], axis=1)
        return portions[0], (portions[1] - portions[0]) // max(self.high - self.low, 1)

    def _unpinned(self, overflow: Ints, must: NDArray[np.bool_], more: Ints) -> Ints:
        """[n] bytes that tiles of second operands which must fit lack; none of them can be pinned."""
        low, high = (overflow * (must & (self.demand.sizes == 0))).sum(axis=1)
        lacks: Ints = low + (high - low) // max(self.high - self.low, 1) * more
        return lacks

    @cached_property
    def _overflow(self) -> Ints:
        """[2, layers, tiles] bytes by which tiles overflow the lowest and the highest region."""
        return np.stack([self.demand.overflow(region) for region in (self.low, self.high)])

    def _candidates(self, size: Ints, slope: Ints) -> Ints:
        """[n] candidates, in bytes beyond the lowest region: the two ends, and both sides of each breakpoint."""
        taken, grows = np.cumsum(size), np.cumsum(slope) + 1
        bends = (self.demand.buffer - self.low - taken) // np.where(grows == 0, 1, grows)
        span = self.high - self.low
        found: Ints = np.minimum(np.maximum(np.concatenate([[0, span], bends, bends + 1]), 0), span)
        return found
