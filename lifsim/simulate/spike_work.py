"""What a sparsity keeps of a run's spikes, layer by layer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lifsim.config.network import Layer, Network
from lifsim.hardware.array import Kept, Sparsity
from lifsim.room import require_memory
from lifsim.schedule.products import input_map_of
from lifsim.trace.source import LayerSpikes, Trace
from lifsim.watch import Tally, Watch, unwatched


def spike_work(
    network: Network, trace: Trace, batch: int, sparsity: Sparsity, watch: Watch = unwatched
) -> tuple[Kept, ...]:
    """Of every layer for the first `batch` images of a trace that is fitted to `network`. Raises InputError where that
    is more than this machine has memory for."""
    layers = list(zip(network.layers, trace.layers, strict=True))
    drawn = [(layer, spikes) for layer, spikes in layers if not _is_analogue(layer)]
    counts = sum(layer.runs * layer.groups * layer.pixels for layer, _ in drawn)
    require_memory(batch * counts * np.dtype(np.int32).itemsize, f"the work of {batch} images", "batch")
    read = sum(layer.runs * min(batch, spikes.shape[1]) * spikes.neurons for layer, spikes in drawn)
    tally = Tally(watch, "spikes", read)
    return tuple(
        sparsity.keep(input_map_of(layer), _maps(layer, spikes, tally), batch, layer.runs) for layer, spikes in layers
    )


def _is_analogue(layer: Layer) -> bool:
    """Whether it sees the image itself."""
    return layer.input.name == "input" and layer.input.levels is None


def _maps(layer: Layer, spikes: LayerSpikes, tally: Tally) -> _AllReal | _Stored:
    return _AllReal(layer.in_shape) if _is_analogue(layer) else _Stored(layer.in_shape, spikes, tally)


@dataclass(frozen=True)
class _Stored:
    """Spikes of a trace, as the maps that the layer reads."""

    shape: tuple[int, int, int]
    spikes: LayerSpikes
    tally: Tally

    @property
    def images(self) -> int:
        return self.spikes.shape[1]

    def read(self, step: int, first: int, last: int) -> NDArray[np.uint8]:
        maps = self.spikes.read(step, first, last).reshape(last - first, *self.shape)
        self.tally.add(maps.size)
        return maps


@dataclass(frozen=True)
class _AllReal:
    """An analogue image: every value is multiplied, only padding is zero."""

    shape: tuple[int, int, int]
    images: int = 1

    def read(self, step: int, first: int, last: int) -> NDArray[np.uint8]:  # noqa: ARG002 (every timestep)
        return np.ones((last - first, *self.shape), np.uint8)
