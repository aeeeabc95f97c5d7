"""Synthetic spikes: independent Bernoulli draws at stated rates, for workloads without a recording.

Every bit of a layer and timestep is one with the stated probability, exactly (to 2**-64), so counts are binomial, not
rounded. Real spikes are correlated: the same neurons fire again, neighbouring ones fire together, many never fire. So
synthetic spikes give right means and too little spread: a `skip` array, which waits for its slowest row, looks better
on them than it is (docs/traces.md has figures).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from math import prod

import numpy as np
from numpy.typing import NDArray

from lifsim.config.given_rates import WAYS_TO_RATES
from lifsim.errors import Fault, InputError, did_you_mean
from lifsim.graph.tensors import nodes_with_spikes
from lifsim.model.network import Network, Traced
from lifsim.trace.draws import Drawing, Seed
from lifsim.trace.source import CHUNK_BYTES, LayerSpikes, Trace


class BernoulliLayer(LayerSpikes):
    """Spikes drawn when they are read. Each (seed, tensor, timestep, image) has a generator of its own, so they do not
    depend on other layers, on the batch size or on the order of reading, and are the same on every platform. Layers
    that read one tensor, such as a convolution and the shortcut beside it, see the same spikes of its `drawing`."""

    def __init__(self, one: Traced, batch: int, rates: tuple[float, ...], seed: int, drawing: Drawing) -> None:
        super().__init__(one.name, (one.tensor.timesteps, batch, *one.shape))
        self._drawing, self._reader = drawing, drawing.reader(rates)
        self._key = (seed, *np.frombuffer(hashlib.sha256(one.tensor.name.encode()).digest(), "<u4").tolist())

    def _read(self, timestep: int, first: int, last: int) -> NDArray[np.uint8]:
        places = (self._seed(timestep, image) for image in range(first, last))
        rows = [self._drawing.read(self._reader, timestep, place) for place in places]
        spikes = rows[0] if len(rows) == 1 else np.concatenate([np.empty(0, np.uint8), *rows])  # there may be none
        return spikes.reshape(last - first, *self.neuron_shape)

    def read_parts(self, timestep: int, first: int, last: int, unit: int) -> Iterator[NDArray[np.uint8]]:
        """A large map as it is drawn."""
        if last - first > 1 or self.neurons <= CHUNK_BYTES:
            return super().read_parts(timestep, first, last, unit)
        self._require_place(timestep, first, last)
        parts = self._drawing.read_parts(
            self._reader, timestep, self._seed(timestep, first), max(1, CHUNK_BYTES // unit) * unit
        )
        return (part.reshape(1, -1) for part in parts)

    def _seed(self, timestep: int, image: int) -> Seed:
        return *self._key, timestep, image


def synthesise(network: Network, batch: int, seed: int) -> Trace:
    """Spikes of `batch` images for every layer of `network` at its workload's rates (`network.spikes.rates`).

    A layer that sees the analogue image alone needs no rate: all its inputs count as ones. Raises InputError with
    every fault of the rates, of `batch` and of `seed`.
    """
    (trace,) = synthesise_each([network], batch, seed)
    return trace


def synthesise_each(networks: Sequence[Network], batch: int, seed: int) -> list[Trace]:
    """As `synthesise`, of networks that differ in their rates only: their spikes are made of the same draws."""
    for network in networks:
        _check(network, batch, seed)
    drawings = {one.tensor.name: Drawing(prod(one.shape), one.tensor.timesteps * batch) for one in networks[0].traced}
    return [_trace(network, batch, seed, drawings) for network in networks]


def _trace(network: Network, batch: int, seed: int, drawings: Mapping[str, Drawing]) -> Trace:
    rates = network.spikes.rates
    layers = (
        BernoulliLayer(one, batch, tuple(rates.get(one.name, (1.0,))), seed, drawings[one.tensor.name])
        for one in network.traced
    )
    return Trace(
        workload=network.name,
        sharing="none",
        timesteps=network.timesteps,
        batch=batch,
        seed=seed,
        provenance=f"synthetic: independent Bernoulli draws; rates: {network.spikes.provenance}",
        layers=tuple(layers),
    )


def _check(network: Network, batch: int, seed: int) -> None:
    """Raises InputError."""
    rates, analogue = network.spikes.rates, analogue_layers(network)
    faults = [*_rate_faults(network), *_count_faults(batch, seed)]
    needed = [one for layer in network.layers if layer.name not in analogue for one in layer.traced]
    faults += [
        Fault(f"must have a rate of ones among its inputs: {WAYS_TO_RATES}", f"rates.{one.name}")
        for one in needed
        if one.name not in rates
    ]
    if faults:
        raise InputError(faults)


def analogue_layers(network: Network) -> frozenset[str]:
    """Weight layers whose input is computed from the analogue image alone, before any spike."""
    spiking = nodes_with_spikes(network.nodes)
    return frozenset(
        layer.name for layer in network.layers if not spiking.intersection(network.node(layer.name).inputs)
    )


def _rate_faults(network: Network) -> list[Fault]:
    faults = []
    layers = {one.name: one for one in network.traced}
    for name, rates in network.spikes.rates.items():
        if name not in layers:
            faults.append(Fault(f"{network.name} has no such layer{did_you_mean(name, layers)}", f"rates.{name}"))
        elif len(rates) not in (1, layers[name].tensor.timesteps):
            need = f"must be one rate or {layers[name].tensor.timesteps}, one per timestep"
            faults.append(Fault(f"{need}, has {len(rates)}", f"rates.{name}"))
        faults += [Fault(f"{rate} must be >= 0 and <= 1", f"rates.{name}") for rate in rates if not 0 <= rate <= 1]
    return faults


def _count_faults(batch: int, seed: int) -> list[Fault]:
    faults = [] if batch >= 1 else [Fault(f"{batch} must be >= 1", "batch")]
    return faults if 0 <= seed < 1 << 64 else [*faults, Fault(f"{seed} must be >= 0 and < 2**64", "seed")]
