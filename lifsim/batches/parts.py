"""A batch in parts of some images each. In which parts, and where each is run, changes no bit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifsim.engine.encoding import encode
from lifsim.engine.evaluate import chunks
from lifsim.engine.inference import Engine
from lifsim.engine.weights import Weights
from lifsim.engine.workers import Workers
from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Lif, Network, Node
from lifsim.model.sharing import Sharing

Array = NDArray[Any]


@dataclass(frozen=True)
class Model:
    """What all parts have in common. seed: of rate encoding; counts_only: whether spikes are counted, not kept."""

    network: Network
    sharing: Sharing
    weights: Weights
    dtype: np.dtype[Any]
    seed: int
    counts_only: bool

    def engine(self, crew: Workers) -> Engine:
        """That runs parts on the threads of `crew`."""
        return Engine(self.network, self.sharing, self.weights, self.dtype, crew)


@dataclass(frozen=True)
class Part:
    """Images [B, ...], or events [T, B, ...], from the one numbered `first` on."""

    first: int
    images: Array


@dataclass(frozen=True)
class Inferred:
    """Of a part: outputs [T, B, F], and as `Inference` has them, by names, either spikes [T, B, ...] and last membranes
    [B, ...], or counts of spikes [T, B]."""

    first: int
    outputs: Array
    spikes: dict[str, Array]
    counts: dict[str, Array]
    membranes: dict[str, Array]

    def put_spikes(self, whole: Mapping[str, Array]) -> None:
        """Where they belong among those of all images."""
        for name, fired in self.spikes.items():
            whole[name][:, self.images] = fired

    @property
    def images(self) -> slice:
        """Which they are."""
        return slice(self.first, self.first + self.outputs.shape[1])


def parts(network: Network, images: Array, count: int) -> Iterator[Part]:
    """All `count` images, in order."""
    for first, last in chunks(count):
        yield Part(first, images[:, first:last] if network.encoding == "event" else images[first:last])


def count_spikes(fired: Array) -> Array:
    """Of [T, B, ...]: [T, B]."""
    found: Array = np.count_nonzero(fired.reshape(*fired.shape[:2], -1), axis=2)
    return found


def inferred(engine: Engine, part: Part, model: Model) -> Inferred:
    """Run a part."""
    kept: dict[str, Array] = {}

    def keep(node: Node, timestep: int, value: Array) -> None:
        if not isinstance(node, Lif):
            return
        here, steps = slice(timestep, timestep + len(value)), node.output.timesteps
        if model.counts_only:
            counts = kept.setdefault(node.name, np.zeros((steps, value.shape[1]), np.int64))
            counts[here] = count_spikes(value)
        else:
            kept.setdefault(node.name, np.empty((steps, *value.shape[1:]), bool))[here] = value

    outcome = engine.run(encode(engine.network, part.images, model.seed, part.first), keep)
    if model.counts_only:
        return Inferred(part.first, outcome.outputs, {}, kept, {})
    return Inferred(part.first, outcome.outputs, kept, {}, outcome.membranes)


def run_here(model: Model, todo: Iterable[Part], crew: Workers) -> Iterator[Inferred]:
    """One after the other."""
    engine = model.engine(crew)
    for part in todo:
        yield inferred(engine, part, model)
