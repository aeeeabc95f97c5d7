"""Images, labels and weights for a training step in which only zeros matter, if there is no data set."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifsim.engine.calibration import calibrated_weights
from lifsim.engine.encoding import encode
from lifsim.engine.record import Source, load_images
from lifsim.engine.weights import Weights
from lifsim.engine.workers import Workers
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.watch import Watch, unwatched

Array = NDArray[Any]


def random_examples(network: Network, count: int, seed: int) -> tuple[Array, Array]:
    """Random images [count, ...], events [T, count, ...], as recordings have them, and labels [count]."""
    images = load_images(network, Source(images="random", batch=count, seed=seed))
    classes = network.nodes[-1].output.elements
    return images, np.random.default_rng([seed, count, 2]).integers(0, classes, count)


def weights_at_rates(network: Network, sharing: Sharing, images: Array, seed: int, watch: Watch = unwatched) -> Weights:
    """Weights with which `images` make the network fire at its workload's rates. Raises InputError."""
    return calibrated_weights(network, sharing, encode(network, images, seed), seed, Workers(), watch)
