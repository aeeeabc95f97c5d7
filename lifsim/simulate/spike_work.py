"""What a sparsity keeps of a run's spikes, layer by layer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lifsim.config.network import Layer, Network
from lifsim.hardware.array import Kept, Sparsity
from lifsim.schedule.products import input_map_of
from lifsim.trace.source import LayerSpikes, Trace


def spike_work(network: Network, trace: Trace, batch: int, sparsity: Sparsity) -> tuple[Kept, ...]:
    """Of every layer for the first `batch` images of a trace that is fitted to `network`."""
    return tuple(
        sparsity.keep(input_map_of(layer), _maps(layer, spikes), batch, layer.runs)
        for layer, spikes in zip(network.layers, trace.layers, strict=True)
    )


def _maps(layer: Layer, spikes: LayerSpikes) -> _AllReal | _Stored:
    analogue = layer.input.name == "input" and layer.input.levels is None
    return _AllReal(layer.in_shape) if analogue else _Stored(layer.in_shape, spikes)


@dataclass(frozen=True)
class _Stored:
    """Spikes of a trace, as the maps that the layer reads."""

    shape: tuple[int, int, int]
    spikes: LayerSpikes

    @property
    def images(self) -> int:
        return self.spikes.shape[1]

    def read(self, step: int, first: int, last: int) -> NDArray[np.uint8]:
        return self.spikes.read(step, first, last).reshape(last - first, *self.shape)


@dataclass(frozen=True)
class _AllReal:
    """An analogue image: every value is multiplied, only padding is zero."""

    shape: tuple[int, int, int]
    images: int = 1

    def read(self, step: int, first: int, last: int) -> NDArray[np.uint8]:  # noqa: ARG002 (every timestep)
        return np.ones((last - first, *self.shape), np.uint8)
