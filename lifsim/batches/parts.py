"""A batch in parts of some images each. In which parts, and where each is run, changes no bit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifsim.engine.encoding import encode
from lifsim.engine.evaluate import chunks
from lifsim.engine.inference import Engine
from lifsim.engine.weights import Weights
from lifsim.engine.workers import Workers
from lifsim.model.network import Lif, Network, Node
from lifsim.model.sharing import Sharing

Array = NDArray[Any]


@dataclass(frozen=True)
class Model:
    """What all parts have in common. seed: of rate encoding."""

    network: Network
    sharing: Sharing
    weights: Weights
    dtype: np.dtype[Any]
    seed: int

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
    """Of a part: outputs [T, B, F], spikes [T, B, ...], last membranes [B, ...]; by names, as `Inference` has them."""

    first: int
    outputs: Array
    spikes: dict[str, Array]
    membranes: dict[str, Array]

    @property
    def images(self) -> slice:
        """Which they are."""
        return slice(self.first, self.first + self.outputs.shape[1])


def parts(network: Network, images: Array, count: int) -> Iterator[Part]:
    """All `count` images, in order."""
    for first, last in chunks(count):
        yield Part(first, images[:, first:last] if network.encoding == "event" else images[first:last])


def inferred(engine: Engine, part: Part, seed: int) -> Inferred:
    """Run a part."""
    spikes: dict[str, Array] = {}

    def keep(node: Node, timestep: int, value: Array) -> None:
        if isinstance(node, Lif):
            whole = (node.output.timesteps, *value.shape[1:])
            spikes.setdefault(node.name, np.empty(whole, bool))[timestep : timestep + len(value)] = value

    outcome = engine.run(encode(engine.network, part.images, seed, part.first), keep)
    return Inferred(part.first, outcome.outputs, spikes, outcome.membranes)


def run_here(model: Model, todo: Iterable[Part], crew: Workers) -> Iterator[Inferred]:
    """One after the other."""
    engine = model.engine(crew)
    for part in todo:
        yield inferred(engine, part, model.seed)
