"""An analogue image: every value is multiplied, only padding is zero."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from lifsim.hardware.array.sparsity.protocol import Kept, Sparsity
from lifsim.hardware.input_reads import InputMap
from lifsim.lazy_dataclass import dataclass


@dataclass(frozen=True)
class AnalogueMaps:
    """The maps of images of `shape` (C, H, W), which are alike to a sparsity, at any timestep."""

    shape: tuple[int, int, int]
    images: int = 1

    def read(self, timestep: int, first: int, last: int) -> NDArray[np.uint8]:
        """[last - first, C, H, W] of ones."""
        return np.broadcast_to(np.ones((1, 1, 1, 1), np.uint8), (last - first, *self.shape))

    def read_parts(self, timestep: int, first: int, last: int) -> Iterator[NDArray[np.uint8]]:
        """At once: they take no memory."""
        yield self.read(timestep, first, last)


def kept_of_image(sparsity: Sparsity, read: InputMap, batch: int, rounds: int) -> Kept:
    """What `sparsity` knows of a layer that reads analogue images, as `read` says, in so many rounds."""
    return sparsity.keep(read, AnalogueMaps((read.channels * read.groups, read.height, read.width)), batch, rounds)
