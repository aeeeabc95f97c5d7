"""The forward pass runs again: the products from the kept spikes, u from the zero state or a copy of it.

Exact at any width and under any reset, if the sums are added in the same order. Layers whose timesteps run back to back
keep nothing between the passes; those that run timestep by timestep keep the state with which timesteps 2..T begin:

    B * b_u * (T - 1) * (elements of the states that run timestep-major)

While it is undone, u' of all calls of a tile (T an output), or of one timestep of a group, are there at once.
"""

from __future__ import annotations

import numpy as np

from lifsim.keeping.protocol import KEEPINGS, CallsOnState, Ints, Keeping, Kept
from lifsim.neurons import NeuronModel


@KEEPINGS.register
class Recomputed(Keeping):
    """For every neuron and reset."""

    name = "recomputed"
    title = "nothing, or the states with which timesteps begin; u' is computed again forwards"
    product_again = True
    reads_spikes = False
    carries_states = False
    holds_calls = True

    def refusal(self, neuron: NeuronModel) -> str | None:
        """None."""
        del neuron
        return None

    def sentence(self, kept: str) -> str:
        """Whether anything must be kept."""
        if kept == "nothing":
            return "u runs forward again, and nothing is kept between the passes"
        return "u runs forward again from copies of the states with which timesteps begin, which are kept"

    def kept(self, calls: CallsOnState) -> Kept:
        """What timesteps 1..T-1 leave, where they are not walked back in one go."""
        bits = calls.none()
        if calls.timestep_major:
            bits[:-1, -1] = calls.state_bits
        return Kept(bits, "copies" if bits.any() else "nothing")

    def read_back(self, kept: Kept) -> Ints:
        """What a timestep left, the first LIF of the next one begins with."""
        begins = np.zeros_like(kept.bits)
        begins[1:, 0] = kept.bits[:-1, -1]
        return begins
