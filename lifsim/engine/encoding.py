"""From images to what the network's input takes at each timestep."""

from __future__ import annotations

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
    shape = network.nodes[0].output.shape
    leading = (network.timesteps, images.shape[1] if images.ndim > 1 else 0) if network.encoding == "event" else ()
    wanted = (*leading, *shape) if leading else (len(images), *shape)
    if images.shape != wanted or images.size == 0:
        example = ", ".join(map(str, (*((network.timesteps,) if leading else ()), "B", *shape)))
        message = (
            f"shape {list(images.shape)} must be [{example}] for the {network.encoding} encoding of {network.name}"
        )
        raise InputError(Fault(message, path="input"))
    if network.encoding != "rate":
        return images if leading else images[None]
    if not ((images >= 0) & (images <= 1)).all():
        raise InputError(Fault("pixels must be in [0, 1] under rate encoding", path="input"))
    spikes = np.empty((network.timesteps, *images.shape), np.uint8)
    for index, image in enumerate(images):
        draws = np.random.default_rng([seed, first + index]).random((network.timesteps, *shape))
        spikes[:, index] = draws < image
    return spikes
