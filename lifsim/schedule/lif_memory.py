"""Memory that LIF membranes take in inference and in training, with and without sharing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lifsim.graph.states import State
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.schedule.storage import bytes_of


@dataclass(frozen=True)
class LifMemory:
    """Bytes of membranes: `forward` what inference keeps, `backward` what training stores for the backward pass; the
    baselines are those of the unshared network."""

    forward: int
    backward: int
    forward_baseline: int
    backward_baseline: int


def lif_memory(
    network: Network, sharing: Sharing, states: Sequence[State], membrane_bits: int, batch: int
) -> LifMemory:
    """LIF memory of `batch` images under `sharing`, whose states these are, b_u bits per state variable of a neuron:
    those of one that has two count twice.

    forward = B * b_u * (elements of the distinct states). backward = B * b_u * T * (elements of all LIF calls) where
    every call's membrane is stored; B * b_u * (elements of the distinct states) where calls are recomputed backwards,
    which a shared LIF with soft reset allows (Kim et al. 2023, memory-efficient backpropagation). A LIF with hard reset
    is not invertible, so that a state which one uses is stored.
    """
    neurons = {lif.name: lif.neuron for lif in network.lifs}
    calls = {lif.name: lif.output.elements * len(lif.neuron.states) for lif in network.lifs}
    kept = sum(state.values for state in states)
    stored = 0
    for state in states:
        invertible = sharing != Sharing() and all(neurons[name].cannot_be_undone() is None for name in state.lifs)
        stored += state.values if invertible else network.timesteps * sum(calls[name] for name in state.lifs)
    everything = sum(calls.values())
    bits = batch * membrane_bits
    return LifMemory(
        forward=bytes_of(bits * kept),
        backward=bytes_of(bits * stored),
        forward_baseline=bytes_of(bits * everything),
        backward_baseline=bytes_of(bits * network.timesteps * everything),
    )
