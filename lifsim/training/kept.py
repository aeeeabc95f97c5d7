"""Membranes that the forward pass keeps for the backward pass, as they lie in DRAM.

Of one set of membranes: timestep by timestep, in each LIF by LIF, in each the images; where an image's timesteps run
back to back, image by image. Every stretch ends on a byte.
"""

from __future__ import annotations

import numpy as np

from lifsim.keeping import Kept
from lifsim.lazy_dataclass import dataclass
from lifsim.schedule.tensors.rows import Ints


@dataclass(frozen=True)
class Stretches:
    """The kept membranes of one LIF. bits: [T] of an image; before: [T] bits of an image that lie before them. batch:
    images."""

    bits: Ints
    before: Ints
    batch: int

    @property
    def total(self) -> int:
        """Bytes of the batch, all timesteps."""
        start, end = self.of(np.arange(self.bits.size), 0, self.batch)
        return int((end - start).sum())

    def of(self, timestep: Ints, first_image: Ints | int, images: Ints | int) -> tuple[Ints, Ints]:
        """First byte and end of `images` at a timestep."""
        base, each = self.batch * self.before[timestep], self.bits[timestep]
        return _bytes(base + first_image * each), _bytes(base + (first_image + images) * each)

    def of_images(self, first_image: Ints | int, images: Ints | int) -> tuple[Ints, Ints]:
        """The same bytes with all timesteps of this many images, which lie image by image."""
        base, each = self.batch * self.before[0], int(self.bits.sum())
        return _bytes(base + first_image * each), _bytes(base + (first_image + images) * each)


def _bytes(bits: Ints) -> Ints:
    return -(-bits // 8)


@dataclass(frozen=True)
class KeptStates:
    """kept: by all LIFs of a set; begins: [T, LIFs] bits of an image that each begins with in the backward pass; lif:
    the number of the one that is looked at."""

    kept: Kept
    begins: Ints
    lif: int
    batch: int

    @property
    def written(self) -> Stretches:
        """The membranes that the LIF keeps in the forward pass."""
        return self._stretches(self.kept.bits)

    @property
    def read(self) -> Stretches:
        """The membranes that the LIF begins with in the backward pass."""
        return self._stretches(self.begins)

    def _stretches(self, bits: Ints) -> Stretches:
        ends = np.cumsum(bits).reshape(bits.shape)
        return Stretches(bits[:, self.lif], (ends - bits)[:, self.lif], self.batch)
