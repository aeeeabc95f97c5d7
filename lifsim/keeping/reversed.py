"""Calls are undone from the last state: u_before = (u_after + s theta - x/tau) / (1 - 1/tau), soft reset only.

EfficientLIF-Net's memory-efficient backpropagation (Kim et al., Front. Neurosci. 17:1230002, 2023), which keeps the
last state alone. Undoing a call divides by the leak, and so multiplies the rounding error of the state; therefore the
cheaper of two is kept beside it:

    copies  a state behind every k-th call, of so many as can be undone at b_u bits (lifsim.keeping.undoing)
    bits    of every call those that it forgets, log2 of 1/(1 - 1/tau) a neuron: with them undoing is exact (the
            information buffer of Maclaurin, Duvenaud and Adams, ICML 2015)
"""

from __future__ import annotations

from math import ceil

import numpy as np

from lifsim.keeping.protocol import KEEPINGS, CallsOnState, Keeping, Kept
from lifsim.keeping.undoing import forgotten_bits, undoable_calls
from lifsim.neurons import NeuronModel


@KEEPINGS.register
class Reversed(Keeping):
    """For neurons whose calls can be undone."""

    name = "reversed"
    title = "the last state, and copies of it or the bits that each call forgets; calls are undone (soft reset)"
    product_again = True
    reads_spikes = True
    carries_states = True
    holds_calls = False

    def refusal(self, neuron: NeuronModel) -> str | None:
        """A reset that forgets."""
        reason = neuron.cannot_be_undone()
        return None if reason is None else f"{reason}, so that it cannot be undone: use recomputed, or stored"

    def sentence(self, kept: str) -> str:
        """Which of the two is cheaper here."""
        beside = {
            "bits": "with the bits that each call forgets, which are kept beside it",
            "copies": "and from copies of it behind every so many calls, which are kept beside it",
            "no more": "and nothing else is kept",
        }
        mixed = "with copies of it or the bits that each call forgets, of each set of membranes what is less"
        return f"calls are undone from the last state, {beside.get(kept, mixed)}"

    def kept(self, calls: CallsOnState) -> Kept:
        """The cheaper of the two; of equals copies, which need no other datapath."""
        return min(_copies(calls), _forgotten(calls), key=lambda kept: kept.total)


def _copies(calls: CallsOnState) -> Kept:
    """A state behind every k-th call, and behind the last."""
    every = min(calls.count, undoable_calls(calls.bits, calls.neuron.undoing_error()))
    behind = np.arange(calls.none().size + 1) * calls.lif_calls // every
    states = np.diff(behind).reshape(calls.none().shape)
    states[-1, -1] += calls.count % every != 0
    return Kept(states * calls.state_bits, "copies" if calls.count > every else "no more")


def _forgotten(calls: CallsOnState) -> Kept:
    """The last state, and what each call forgets."""
    bits = calls.each(ceil(forgotten_bits(calls.neuron) * calls.state.elements * calls.lif_calls))
    bits[-1, -1] += calls.state_bits
    return Kept(bits, "bits")
