"""Neuron models: what a neuron keeps between its calls, when it fires, and what a call costs."""

from lifsim.neurons.protocol import (
    MEMBRANE,
    NEURONS,
    Array,
    Broken,
    Compiled,
    Linear,
    NeuronModel,
    State,
    StateVariable,
)

__all__ = ["MEMBRANE", "NEURONS", "Array", "Broken", "Compiled", "Linear", "NeuronModel", "State", "StateVariable"]
