"""u' of every call is kept: B * b_u * T * (elements of all LIF calls), of every variable."""

from __future__ import annotations

from lifsim.keeping.protocol import KEEPINGS, CallsOnState, Keeping, Kept
from lifsim.neurons import NeuronModel


@KEEPINGS.register
class Stored(Keeping):
    """For every neuron and reset; nothing is computed again."""

    name = "stored"
    title = "u' of every call of every timestep"
    product_again = False
    reads_spikes = False
    carries_states = False
    holds_calls = False

    def refusal(self, neuron: NeuronModel) -> str | None:
        """None."""
        del neuron
        return None

    def sentence(self, kept: str) -> str:
        """Always the same."""
        return "u' of every call of every timestep is kept for the backward pass" if kept else self.title

    def kept(self, calls: CallsOnState) -> Kept:
        """A state each."""
        return Kept(calls.each(calls.state_bits * calls.lif_calls), "u' of each")
