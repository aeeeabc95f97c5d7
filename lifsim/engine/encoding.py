"""Encodes images as inputs of the network at each timestep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifsim.errors import Fault, InputError
from lifsim.model.network import Network

Array = NDArray[Any]


def encode(network: Network, images: Array, seed: int = 0, first: int = 0) -> Array:
    """Inputs [timesteps, B, ...] of images [B, C, H, W] or [B, F], or of events [T, B, ...] under event encoding.

    direct: the image itself, one timestep. rate: Bernoulli spikes, the probability of each timestep is the pixel,
    which must be in [0, 1]; image i has a random stream of its own, (seed, first + i), whatever batch it is in.
    Raises InputError.
    """
    require_images(network, images)
    if network.encoding != "rate":
        return images if network.encoding == "event" else images[None]
    shape = network.nodes[0].output.shape
    spikes = np.empty((network.timesteps, *images.shape), np.uint8)
    for index, image in enumerate(images):
        draws = np.random.default_rng([seed, first + index]).random((network.timesteps, *shape))
        spikes[:, index] = draws < image
    return spikes


def require_images(network: Network, images: Array) -> None:
    """Raises InputError if `encode` does not take `images`."""
    require_shape(network, images.shape)
    if network.encoding == "rate" and not ((images >= 0) & (images <= 1)).all():
        raise InputError(Fault("pixels must be in [0, 1] under rate encoding", path="input"))


def require_shape(network: Network, shape: Sequence[int]) -> None:
    """Raises InputError if images of `shape` are none of `network`'s: a header says it before they are read."""
    image = network.nodes[0].output.shape
    leading = (network.timesteps,) if network.encoding == "event" else ()
    wanted = (*leading, *shape[len(leading) : len(leading) + 1], *image)
    if tuple(shape) != wanted or 0 in shape:
        example = ", ".join(map(str, (*leading, "B", *image)))
        message = f"shape {list(shape)} must be [{example}] for the {network.encoding} encoding of {network.name}"
        raise InputError(Fault(message, path="input"))
