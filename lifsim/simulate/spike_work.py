"""What the spikes ask of the array: for every output pixel, how many ones its receptive field holds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lifsim.config.network import Layer, Network
from lifsim.trace.receptive import ones_per_pixel
from lifsim.trace.source import LayerSpikes, Trace, image_chunks

Ones = NDArray[np.int32]
"""[B, runs, groups, pixels]: ones in the receptive field of each output pixel, per image and run."""


def spike_work(network: Network, trace: Trace, batch: int) -> tuple[Ones, ...]:
    """`Ones` of every layer for the first `batch` images of a trace that is fitted to `network`."""
    return tuple(
        _all_real(layer, batch)
        if layer.input.name == "input" and layer.input.levels is None
        else _ones(layer, spikes, batch)
        for layer, spikes in zip(network.layers, trace.layers, strict=True)
    )


def _ones(layer: Layer, spikes: LayerSpikes, batch: int) -> Ones:
    work = np.empty((batch, layer.runs, layer.groups, layer.pixels), dtype=np.int32)
    stored = min(batch, spikes.shape[1])
    for first, last in image_chunks(stored, spikes.neurons):
        for step in range(layer.runs):
            work[first:last, step] = _count(layer, spikes.read(step, first, last))
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
