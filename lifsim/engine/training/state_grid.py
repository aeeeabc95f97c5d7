"""States in an accelerator's precision, to see its effect on gradients."""

from __future__ import annotations

import numpy as np

from lifsim.lazy_dataclass import dataclass
from lifsim.neurons import NeuronModel
from lifsim.neurons import State as Variables
from lifsim.neurons.parameters import wide


@dataclass(frozen=True)
class StateGrid:
    """States as an accelerator keeps them: fixed-point numbers of `bits` bits from -4 to 4 thresholds, rounded after
    every call. copy_every: calls between two copies of a state, if calls are undone."""

    bits: int
    copy_every: int

    def round(self, state: Variables, neuron: NeuronModel) -> None:
        """Round the state to the nearest values of the grid, in place."""
        step = 8 * float(np.max(wide(neuron.threshold))) / 2**self.bits
        most = 2 ** (self.bits - 1)
        for variable in state:
            np.clip(np.rint(variable / step), -most, most - 1, out=variable)
            variable *= step
