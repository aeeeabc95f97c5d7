"""The integrate-and-fire neuron, which does not leak: SpikingJelly's IFNode, NIR's IF, neurons of converted ANNs.

u' = u + x ;  s = [u' >= theta] ;  u = u' - s * theta (soft reset)  or  s ? u_reset : u' (hard)
"""

from __future__ import annotations

import math
from typing import Annotated

from lifsim.lazy_dataclass import dataclass
from lifsim.neurons.one_membrane import OneMembrane
from lifsim.neurons.parameters import Numbers, Real
from lifsim.neurons.protocol import NEURONS
from lifsim.neurons.reset import FIRES, RESET, RESET_STEP, Reset


@NEURONS.register
@dataclass(frozen=True)
class IfNeuron(OneMembrane):
    """Where nothing leaks, there is no order of leak and reset."""

    name = "if"
    title = "integrate-and-fire: one membrane without a leak"

    threshold: Annotated[Numbers, Real(above=0, high=1e6)] = 1.0
    reset: Annotated[str, RESET] = "soft"
    u_reset: Annotated[Numbers, Real(low=-1e6, high=1e6)] = 0.0
    fires: Annotated[str, FIRES] = "at"
    reset_step: Annotated[str, RESET_STEP] = "this"

    @property
    def resets(self) -> Reset:
        """As its parameters say."""
        return Reset(self.reset == "hard", self.fires == "above", self.reset_step == "next")

    @property
    def leak_tau(self) -> Numbers:
        """No leak."""
        return math.inf
