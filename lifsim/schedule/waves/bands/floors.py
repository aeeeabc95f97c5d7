"""Bytes that groups in bands of columns cannot go below, of all heights and widths of strips at once.

What enters and leaves moves once. Membranes are known exactly. Weights come once for each wave of a band, but for those
that stay, which the weight buffer bounds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from lifsim.lazy_dataclass import dataclass
from lifsim.schedule.tensors.rows import Ints
from lifsim.schedule.waves.bands.bands import Banded, bands_of, waves_of

if TYPE_CHECKING:
    from lifsim.schedule.waves.bands.group import BandGroup


@dataclass(frozen=True, eq=False)
class BandFloors:
    """heights, widths: of strips, the least for each number of waves of a band, and of bands."""

    group: BandGroup
    heights: tuple[int, ...]
    widths: tuple[int, ...]

    @classmethod
    def of(cls, group: BandGroup) -> BandFloors:
        """Of all that have room beside nothing else, of less than whole rows."""
        longest, most = max(group.windows), group.buffers.membrane // (group.chunks.images * group.pixel_bytes)
        heights = _least(group.relay.rows, lambda one: group.banded(one, 1).many(longest)[1])
        widths = _least(group.columns - 1, lambda one: group.banded(1, one).bands(longest))
        return cls(
            group,
            tuple(one for one in heights if group.banded(one, 1).state_rows(longest) <= most),
            tuple(one for one in widths if group.banded(1, one).state_rows(longest) * one <= most),
        )

    def below(self, limit: float) -> Iterator[tuple[int, int, int, int]]:
        """(floor, height, width, rows of the borders that stay) of those that have room, and whose floor is less."""
        if not self.heights or not self.widths:
            return
        floors = self._weights + self._membranes + self.group.fixed + self.group.enters
        legal = (self._at_work <= self.group.buffers.membrane) & (floors < limit)
        for height, width in zip(*(axis.tolist() for axis in np.nonzero(legal)), strict=True):
            kept = int(self._kept_rows[height, width])
            yield int(floors[height, width]), self.heights[height], self.widths[width], kept

    @property
    def _longest(self) -> int:
        return max(self.group.windows)

    @cached_property
    def _tall(self) -> list[Banded]:
        return [self.group.banded(height, 1) for height in self.heights]

    @cached_property
    def _wide(self) -> list[Banded]:
        return [self.group.banded(1, width) for width in self.widths]

    @cached_property
    def _pieces(self) -> Ints:
        """[heights, widths] bytes of an image's state at work."""
        rows = np.array([one.state_rows(self._longest) for one in self._tall])
        found: Ints = np.multiply.outer(rows, np.array(self.widths)) * self.group.pixel_bytes
        return found

    @cached_property
    def _at_work(self) -> Ints:
        """[heights, widths] of a chunk."""
        return self.group.chunks.images * self._pieces

    @cached_property
    def _waiting(self) -> Ints:
        """[widths] bytes of a row of an image's state between two bands."""
        return np.array([one.waits(self._longest) for one in self._wide]) * self.group.pixel_bytes

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
                columns = np.array([sum(map(int, one.handed_over(timesteps)[0])) for one in self._wide])
                rows = group.relay.rows - self._kept_rows
                moved += 2 * chunks * images * count * rows * columns * group.pixel_bytes
        return moved

    @cached_property
    def _weights(self) -> Ints:
        """[heights, widths] bytes of weights; what stays saves as much as if it were of the layer that is visited most
        often."""
        sizes = np.array([facts.weight_bytes for facts in self.group.layers])[:, None, None]
        visits = np.stack([self._visits(index) for index in self.group.rows.members])
        saved = self.group.buffers.weight * (visits.max(axis=0) - 1)
        moved: Ints = (sizes * visits).sum(axis=0) - np.minimum((sizes * (visits - 1)).sum(axis=0), saved)
        return moved

    def _visits(self, layer: int) -> Ints:
        """[heights, widths] of all chunks and windows."""
        found = np.zeros_like(self._at_work)
        for timesteps, count in self.group.windows.items():
            waves = np.stack([waves_of(one.in_band, layer, timesteps) for one in self._tall])
            bands = np.stack([bands_of(one.sweep, layer, timesteps) for one in self._wide])
            found += self.group.chunks.count * count * (waves @ bands.T)
        return found


def _least(most: int, counted: Callable[[int], int]) -> Iterator[int]:
    """Of the sizes 1..most the least for each count of strips."""
    known: int | None = None
    for size in range(1, most + 1):
        count = counted(size)
        if count != known:
            known = count
            yield size
