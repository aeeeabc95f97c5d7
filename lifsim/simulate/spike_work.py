"""What the spikes ask of the array: for every output pixel, how many ones its receptive field holds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lifsim.config.network import Layer, Network
from lifsim.room import require_memory
from lifsim.trace.receptive import ones_per_pixel
from lifsim.trace.source import LayerSpikes, Trace, image_chunks
from lifsim.watch import Tally, Watch, unwatched

Ones = NDArray[np.int32]
"""[B, runs, groups, pixels]: ones in the receptive field of each output pixel, per image and run."""


def spike_work(network: Network, trace: Trace, batch: int, watch: Watch = unwatched) -> tuple[Ones, ...]:
    """`Ones` of every layer for the first `batch` images of a trace that is fitted to `network`. Raises InputError
    where they are more than this machine has memory for."""
    layers = list(zip(network.layers, trace.layers, strict=True))
    drawn = [(layer, spikes) for layer, spikes in layers if not _is_analogue(layer)]
    counts = sum(layer.runs * layer.groups * layer.pixels for layer, _ in drawn)
    require_memory(batch * counts * np.dtype(np.int32).itemsize, f"the work of {batch} images", "batch")
    read = sum(layer.runs * min(batch, spikes.shape[1]) * spikes.neurons for layer, spikes in drawn)
    tally = Tally(watch, "spikes", read)
    return tuple(
        _all_real(layer, batch) if _is_analogue(layer) else _ones(layer, spikes, batch, tally)
        for layer, spikes in layers
    )


def _is_analogue(layer: Layer) -> bool:
    """Whether it sees the image itself."""
    return layer.input.name == "input" and layer.input.levels is None


def _ones(layer: Layer, spikes: LayerSpikes, batch: int, tally: Tally) -> Ones:
    work = np.empty((batch, layer.runs, layer.groups, layer.pixels), dtype=np.int32)
    stored = min(batch, spikes.shape[1])
    for first, last in image_chunks(stored, spikes.neurons):
        for step in range(layer.runs):
            work[first:last, step] = _count(layer, spikes.read(step, first, last))
            tally.add((last - first) * spikes.neurons)
    work[stored:] = work[0]  # one stored image stands for all
    return work


def _all_real(layer: Layer, batch: int) -> Ones:
    """An analogue image: every value is multiplied, only padding is zero."""
    image = np.ones((1, *layer.in_shape), dtype=np.uint8)
    return np.broadcast_to(_count(layer, image)[:, None], (batch, layer.runs, layer.groups, layer.pixels))


def _count(layer: Layer, images: NDArray[np.uint8]) -> Ones:
    spikes = images.reshape(len(images), *layer.in_shape)
    ones = ones_per_pixel(spikes, layer.kernel, layer.stride, layer.padding, layer.groups)
    return ones.reshape(len(images), layer.groups, layer.pixels)
