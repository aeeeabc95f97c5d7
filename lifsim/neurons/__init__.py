"""Neuron models: what a neuron keeps between its calls, when it fires, and what a call costs."""

from lifsim.neurons.protocol import NEURONS, Array, Linear, NeuronModel, State, StateVariable

__all__ = ["NEURONS", "Array", "Linear", "NeuronModel", "State", "StateVariable"]
