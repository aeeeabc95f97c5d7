"""The interface of a spike trace, wherever its spikes come from: a file, a plain archive, a generator."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import field

import numpy as np
from numpy.typing import NDArray

from lifsim.closable import Closable
from lifsim.errors import InputError, did_you_mean
from lifsim.lazy_dataclass import dataclass
from lifsim.units import counted

CHUNK_BYTES = 4 << 20  # unpacked spikes held at once when a layer is walked


def image_chunks(batch: int, neurons: int, limit_bytes: int = CHUNK_BYTES) -> Iterator[tuple[int, int]]:
    """Ranges (first, last + 1) of images of which one timestep of `neurons` each takes up to `limit_bytes` unpacked."""
    images = max(1, limit_bytes // neurons)
    for first in range(0, batch, images):
        yield first, min(batch, first + images)


class LayerSpikes(ABC):
    """The input spikes of one layer of the array, `[T, B, C, H, W]` or `[T, B, F]`, read in parts.

    A bit is 1 where the layer's input is not zero: a spike, or behind an average pool, an add or a mean over time, a
    value that the array must multiply. `shape` may have a 1 for T (the analogue image, or a mean over time) and a 1
    for B (every image has these spikes; `read` repeats them).
    """

    def __init__(self, name: str, shape: tuple[int, ...]) -> None:
        self.name = name
        self.shape = shape

    @property
    def timesteps(self) -> int:
        """Timesteps that the layer has spikes for: T, or 1."""
        return self.shape[0]

    @property
    def neuron_shape(self) -> tuple[int, ...]:
        """(C, H, W) or (F,)."""
        return self.shape[2:]

    @property
    def neurons(self) -> int:
        """Elements per image and timestep."""
        return math.prod(self.neuron_shape)

    def read(self, timestep: int, first: int, last: int) -> NDArray[np.uint8]:
        """Spikes of images `first` to `last` (exclusive) at `timestep`: 0 or 1, `[last - first, *neuron_shape]`."""
        if self.shape[1] == 1 and last > 1:
            self._require_place(timestep, min(first, 0), 1)  # it stands for all
            return np.broadcast_to(self._read(timestep, 0, 1), (last - first, *self.neuron_shape))
        self._require_place(timestep, first, last)
        return self._read(timestep, first, last)

    def _require_place(self, timestep: int, first: int, last: int) -> None:
        """Raises IndexError if these are not stored."""
        if not (0 <= timestep < self.timesteps and 0 <= first <= last):
            raise IndexError(
                f"{self.name} has timesteps 0 to {self.timesteps - 1}, not {timestep}, images {first}:{last}"
            )
        if last > self.shape[1]:
            raise IndexError(f"{self.name} has {counted(self.shape[1], 'image')}, not {last}")

    def read_parts(self, timestep: int, first: int, last: int, unit: int) -> Iterator[NDArray[np.uint8]]:
        """`read` in parts `[last - first, ...]` of a number of neurons or a multiple of it, if a single map takes more
        than CHUNK_BYTES and need not be complete. Each part is valid until the next."""
        del unit
        yield self.read(timestep, first, last)

    @abstractmethod
    def _read(self, timestep: int, first: int, last: int) -> NDArray[np.uint8]:
        """As `read`, within the stored images."""

    def verify(self) -> None:
        """Read all of the layer once. Raises InputError if the bytes are not what was written."""
        for first, last in image_chunks(self.shape[1], self.neurons):
            for timestep in range(self.timesteps):
                self.read(timestep, first, last)


@dataclass(frozen=True)
class Trace(Closable):
    """Input spikes of every layer of the array, both operands of one that multiplies two tensors, in network order.

    sharing: the sharing under which they were recorded. seed: of spikes drawn at random, None for recorded ones.
    provenance: where they come from. Use as a context manager to close the file behind it.
    """

    workload: str
    sharing: str
    timesteps: int
    batch: int
    seed: int | None
    provenance: str
    layers: tuple[LayerSpikes, ...]
    file: Closable | None = field(default=None, repr=False)

    @property
    def is_recorded(self) -> bool:
        """Whether a network fired these spikes; if not, they were drawn at random."""
        return self.seed is None

    def layer(self, name: str) -> LayerSpikes:
        """The layer of that name. Raises InputError if there is none."""
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise InputError(f"trace has no layer {name!r}{did_you_mean(name, [layer.name for layer in self.layers])}")

    def verify(self) -> None:
        """Check the bytes of all layers, a chunk at a time. Raises InputError."""
        for layer in self.layers:
            layer.verify()

    def close(self) -> None:
        """Close the file that the spikes are read from, if there is one."""
        if self.file is not None:
            self.file.close()
