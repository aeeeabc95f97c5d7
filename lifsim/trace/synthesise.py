"""Synthetic spikes: independent Bernoulli draws at stated rates, for workloads of which no recording is at hand.

Every bit of a layer and timestep is one with the stated probability, exactly (to 2**-64), so counts are binomial, not
rounded. Real spikes are correlated: the same neurons fire again, neighbouring ones fire together, many never fire. So
synthetic spikes give right means and too little spread: a `skip` array, which waits for its slowest row, looks better
on them than it is (docs/traces.md has figures).
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from lifsim.config.given_rates import WAYS_TO_RATES
from lifsim.errors import Fault, InputError, did_you_mean
from lifsim.graph.tensors import nodes_with_spikes
from lifsim.model.network import Network, Traced
from lifsim.trace.source import LayerSpikes, Trace

WORDS = 1 << 15  # 64-bit draws made at once: what stays in a core's cache


class BernoulliLayer(LayerSpikes):
    """Spikes drawn when they are read. Each (seed, tensor, timestep, image) has a generator of its own, so they do not
    depend on other layers, on the batch size or on the order of reading, and are the same on every platform. Layers
    that read one `tensor`, such as a convolution and the shortcut beside it, see the same spikes."""

    def __init__(self, name: str, tensor: str, shape: tuple[int, ...], rates: tuple[float, ...], seed: int) -> None:
        super().__init__(name, shape)
        self._rates = rates
        self._key = (seed, *np.frombuffer(hashlib.sha256(tensor.encode()).digest(), "<u4").tolist())

    def _read(self, timestep: int, first: int, last: int) -> NDArray[np.uint8]:
        rate = self._rates[timestep if len(self._rates) > 1 else 0]
        spikes = np.empty((last - first, self.neurons), np.uint8)
        for row, image in zip(spikes, range(first, last), strict=True):
            bernoulli(rate, np.random.PCG64(np.random.SeedSequence((*self._key, timestep, image))), row)
        return spikes.reshape(last - first, *self.neuron_shape)


def bernoulli(rate: float, source: np.random.BitGenerator, out: NDArray[np.uint8]) -> None:
    """Fill `out` with ones of probability `rate`, to 2**-64.

    A uniform u < rate is decided by the first 16 bits of u unless they equal those of the rate; then (one draw in
    65,536) by 48 bits more. So a bit costs a quarter of a 64-bit draw.
    """
    threshold = round(rate * 2.0**64)
    if threshold <= 0 or threshold >= 1 << 64:
        out[:] = threshold > 0
        return
    head, tail = np.uint16(threshold >> 48), np.uint64(threshold & ((1 << 48) - 1))
    for start in range(0, len(out), 4 * WORDS):
        part = out[start : start + 4 * WORDS]
        draws = _uniform_16_bits(source, len(part))
        np.less(draws, head, out=part.view(np.bool_))
        ties = np.flatnonzero(draws == head)
        if len(ties):
            part[ties] = (source.random_raw(len(ties)) >> np.uint64(16)) < tail


def _uniform_16_bits(source: np.random.BitGenerator, count: int) -> NDArray[np.uint16]:
    words: NDArray[np.uint64] = source.random_raw(-(-count // 4))
    return words.astype("<u8", copy=False).view("<u2")[:count]


def synthesise(network: Network, batch: int, seed: int) -> Trace:
    """Spikes of `batch` images for every layer of `network` at its workload's rates (`network.spikes.rates`).

    A layer that sees the analogue image alone needs no rate: all its inputs count as ones. Raises InputError with
    every fault of the rates, of `batch` and of `seed`.
    """
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
    layers = (
        BernoulliLayer(one.name, one.tensor.name, _shape(one, batch), tuple(rates.get(one.name, (1.0,))), seed)
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


def analogue_layers(network: Network) -> frozenset[str]:
    """Weight layers whose input is computed from the analogue image alone, before any spike."""
    spiking = nodes_with_spikes(network.nodes)
    return frozenset(
        layer.name for layer in network.layers if not spiking.intersection(network.node(layer.name).inputs)
    )


def _shape(one: Traced, batch: int) -> tuple[int, ...]:
    return (one.tensor.timesteps, batch, *one.shape)


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
