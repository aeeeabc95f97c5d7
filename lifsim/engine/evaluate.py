"""The accuracy and the firing rates of a network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifsim.engine.encoding import encode
from lifsim.engine.inference import Engine
from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Lif, Node

Array = NDArray[Any]

_CHUNK = 64  # images at a time


@dataclass(frozen=True)
class Evaluation:
    """accuracy: share of images classified correctly. rates: spikes per neuron and timestep of each LIF layer. active:
    share of each layer's neurons that fire in any image. spike_rate, active_share: over all neurons."""

    accuracy: float
    rates: Mapping[str, float]
    active: Mapping[str, float]
    spike_rate: float
    active_share: float


def chunks(images: int, size: int = _CHUNK) -> Iterator[tuple[int, int]]:
    """Ranges of up to `size` images."""
    for first in range(0, images, size):
        yield first, min(images, first + size)


def evaluate(engine: Engine, images: Array, labels: Array, seed: int = 0) -> Evaluation:
    """Run labelled images [N, C, H, W]; the class is that of the highest mean output. Raises InputError."""
    network = engine.network
    spikes = {lif.name: 0 for lif in network.lifs}
    fired = {lif.name: np.zeros(lif.output.shape, bool) for lif in network.lifs}

    def count(node: Node, timestep: int, value: Array) -> None:
        del timestep
        if isinstance(node, Lif):
            spikes[node.name] += int(np.count_nonzero(value))
            fired[node.name] |= value.any(axis=(0, 1))

    right = 0
    for first, last in chunks(len(images)):
        outcome = engine.run(encode(network, images[first:last], seed, first), count)
        right += int((outcome.outputs.mean(axis=0).argmax(axis=1) == labels[first:last]).sum())
    sites = {lif.name: lif.output.elements for lif in network.lifs}
    shown = len(images) * network.timesteps
    return Evaluation(
        accuracy=right / len(images),
        rates={name: spikes[name] / (shown * sites[name]) for name in sites},
        active={name: float(fired[name].mean()) for name in sites},
        spike_rate=sum(spikes.values()) / (shown * sum(sites.values())),
        active_share=sum(int(sites_fired.sum()) for sites_fired in fired.values()) / sum(sites.values()),
    )
