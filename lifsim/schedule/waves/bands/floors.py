"""Bytes that groups in bands of columns cannot go below, of all heights and widths of strips at once.

What enters and leaves moves once. Membranes are known exactly. Weights come once for each wave of a band, but for those
that stay, which the weight buffer bounds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lifsim.lazy_dataclass import dataclass
from lifsim.schedule.tensors.rows import Ints
from lifsim.schedule.waves.bands.bands import visits_in_bands
from lifsim.schedule.waves.heights import Heights

if TYPE_CHECKING:
    from lifsim.schedule.waves.bands.group import BandGroup
    from lifsim.schedule.waves.bands.reads import BandReads

PAIRS = 1 << 18
"""Of a height and a width that are looked at in one go."""


@dataclass(frozen=True, eq=False)
class BandFloors:
    """tall, wide: of strips side by side, their heights, and the widths of their bands."""

    group: BandGroup
    tall: Heights
    wide: Heights

    @classmethod
    def lowest(cls, group: BandGroup) -> BandFloors:
        """The lowest strips for each number of waves of a band, by the narrowest for each number of bands."""
        every, longest = cls._of(group, group.abreast), max(group.windows)
        return replace(every, tall=every.tall.lowest(longest), wide=every.wide.lowest(longest))

    @classmethod
    def every(cls, group: BandGroup, tall: Heights) -> Iterator[BandFloors]:
        """Strips of these heights in bands of all widths, some of the widths in one go."""
        every = cls._of(group, tall)
        step = max(1, PAIRS // max(1, every.tall.heights.size))
        for begin in range(0, every.wide.heights.size, step):
            yield replace(every, wide=every.wide.some(slice(begin, begin + step)))

    @classmethod
    def _of(cls, group: BandGroup, tall: Heights) -> BandFloors:
        """Of those that have room beside nothing else, of less than whole rows."""
        longest, most = max(group.windows), group.buffers.membrane // (group.chunks.images * group.pixel_bytes)
        wide = group.columns_abreast(group.columns - 1)
        least = group.banded(1, 1).state_rows(longest)
        return cls(group, tall.some(tall.state_rows(longest) <= most), wide.some(least * wide.heights <= most))

    @cached_property
    def _legal(self) -> NDArray[np.bool_]:
        """[heights, widths] of which the pieces of rows have room."""
        return self._at_work <= self.group.buffers.membrane

    def below(self, limit: float) -> Iterator[tuple[int, int, int, int]]:
        """(floor, height, width, rows of the borders that stay) of those that have room, and whose floor is less."""
        floors = self._weights + self._membranes + self.group.fixed + self.group.enters
        yield from self._chosen(floors, self._legal & (floors < limit))

    def exactly_below(self, limit: float) -> Iterator[tuple[int, int, int, int]]:
        """The same, with what is known of inputs, operands of adds and psums."""
        floors = self._weights + self._membranes + self.group.fixed
        legal = self._legal & (floors + self.group.enters < limit)
        if legal.any():
            floors[:, legal.any(axis=0)] += self._beside(self.wide.heights[legal.any(axis=0)].tolist())
            yield from self._chosen(floors, legal & (floors < limit))

    def _chosen(self, floors: Ints, legal: NDArray[np.bool_]) -> Iterator[tuple[int, int, int, int]]:
        for height, width in zip(*(axis.tolist() for axis in np.nonzero(legal)), strict=True):
            kept = int(self._kept_rows[height, width])
            yield int(floors[height, width]), int(self.tall.heights[height]), int(self.wide.heights[width]), kept

    @property
    def _longest(self) -> int:
        return max(self.group.windows)

    @cached_property
    def _pieces(self) -> Ints:
        """[heights, widths] bytes of an image's state at work."""
        found: Ints = np.multiply.outer(self.tall.state_rows(self._longest), self.wide.heights) * self.group.pixel_bytes
        return found

    @cached_property
    def _at_work(self) -> Ints:
        """[heights, widths] of a chunk."""
        return self.group.chunks.images * self._pieces

    @cached_property
    def _waiting(self) -> Ints:
        """[widths] bytes of a row of an image's state between two bands."""
        return self.wide.waits(self._longest) * self.group.pixel_bytes

    @cached_property
    def _kept_rows(self) -> Ints:
        """[heights, widths] rows of the borders that stay: all, where the whole state does."""
        group, border = self.group, self.group.chunks.images * self._waiting
        if group.chunks.images * group.state.bytes <= group.buffers.membrane:
            return np.full_like(self._at_work, group.relay.rows)
        fit = np.maximum(group.buffers.membrane - self._at_work, 0) // np.maximum(border, 1)
        kept: Ints = np.where(border > 0, np.minimum(group.relay.rows, fit), group.relay.rows)
        return kept

    @cached_property
    def _membranes(self) -> Ints:
        """[heights, widths] bytes that come and go, the whole batch."""
        group, moved = self.group, np.zeros_like(self._at_work)
        room, trips = group.buffers.membrane, sum(group.windows.values()) - 1
        for images, chunks in group.chunks.sizes:
            size = images * group.state.bytes
            if size <= room:
                continue
            on_chip = images * (self._pieces + self._kept_rows * self._waiting)
            moved += 2 * chunks * trips * (size - np.minimum(size, room - np.minimum(size, on_chip)))
            for timesteps, count in group.windows.items():
                columns = self.wide.handed_over(timesteps)
                rows = group.relay.rows - self._kept_rows
                moved += 2 * chunks * images * count * rows * columns * group.pixel_bytes
        return moved

    @cached_property
    def _weights(self) -> Ints:
        """[heights, widths] bytes of weights; what stays saves as much as if it were of the layer that is visited most
        often."""
        sizes = np.array([facts.weight_bytes for facts in self.group.layers])[:, None, None]
        visits = np.stack([self._visits(place) for place in range(len(self.group.layers))])
        saved = self.group.buffers.weight * (visits.max(axis=0) - 1)
        moved: Ints = (sizes * visits).sum(axis=0) - np.minimum((sizes * (visits - 1)).sum(axis=0), saved)
        return moved

    def _visits(self, place: int) -> Ints:
        """[heights, widths] of all chunks and windows."""
        found = np.zeros_like(self._at_work)
        for timesteps, count in self.group.windows.items():
            found += self.group.chunks.count * count * visits_in_bands(self.tall, self.wide, place, timesteps)
        return found

    def _beside(self, widths: Sequence[int]) -> Ints:
        """[heights, widths] of these: bytes of inputs at least, of operands of adds, and of psums."""
        group, wide = self.group, [self.group.banded(1, width) for width in widths]
        found = np.tile([int(np.sum(group.psums(one))) for one in wide], (self.tall.heights.size, 1))
        for images, chunks in group.chunks.sizes:
            for timesteps, count in group.windows.items():
                reads = [group.reads(one, timesteps, images) for one in wide]
                operands = sum(reads[0].residual(layer) for layer in group.rows.members)
                found += chunks * count * images * (self._inputs(reads) + operands)
        return found

    def _inputs(self, reads: Sequence[BandReads]) -> Ints:
        """[heights, widths] bytes of an image's inputs that turns of a window need and have not. reads: by width."""
        group, found = self.group, np.zeros((self.tall.heights.size, len(reads)), np.int64)
        for place, facts in enumerate(group.layers):
            if reads[0].is_outside(facts.layer.input):
                needed = np.array([[each.sum(axis=1) for each in one.columns(facts.layer.index)] for one in reads])
                windows, shared = self.tall.rows_read(place, reads[0].timesteps, facts.rows.axis)
                found += windows @ needed[:, 0].T - shared @ needed[:, 1].T
        return found
