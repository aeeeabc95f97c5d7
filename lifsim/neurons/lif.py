"""The leaky integrate-and-fire neuron of EfficientLIF-Net: one membrane that leaks towards its resting potential.

    hard reset:  u' = u + (x - (u - u_reset)) / tau ;  s = [u' >= theta] ;  u = s ? u_reset : u'
    soft reset:  u' = u + (x - u) / tau             ;  s = [u' >= theta] ;  u = u' - s * theta

and without `decay_input` u' = lambda u + x, lambda = 1 - 1/tau. Evaluated in the order and precision of SpikingJelly's
LIFNode, bit for bit. `fires`, `reset_step` and `reset_order` say otherwise (`lifsim.neurons.reset`).
"""

from __future__ import annotations

import math
from typing import Annotated

from lifsim.lazy_dataclass import dataclass
from lifsim.neurons.one_membrane import OneMembrane
from lifsim.neurons.parameters import Flag, Numbers, Real, largest
from lifsim.neurons.protocol import NEURONS, Broken
from lifsim.neurons.reset import FIRES, RESET, RESET_ORDER, RESET_STEP, Reset


@NEURONS.register
@dataclass(frozen=True)
class LifNeuron(OneMembrane):
    """The defaults are EfficientLIF-Net's: tau = 1/(1 - 0.25), threshold 1, and the soft reset of its shared networks,
    so that sharings compare on equal terms."""

    name = "lif"
    title = "leaky integrate-and-fire: one membrane"

    tau: Annotated[Numbers, Real(above=1, infinite=True)] = 1 / (1 - 0.25)
    threshold: Annotated[Numbers, Real(above=0, high=1e6)] = 1.0
    reset: Annotated[str, RESET] = "soft"
    u_reset: Annotated[Numbers, Real(low=-1e6, high=1e6)] = 0.0
    decay_input: Annotated[bool, Flag()] = True
    fires: Annotated[str, FIRES] = "at"
    reset_step: Annotated[str, RESET_STEP] = "this"
    reset_order: Annotated[str, RESET_ORDER] = "after_leak"

    @property
    def resets(self) -> Reset:
        """As its parameters say."""
        in_next, before_leak = self.reset_step == "next", self.reset_order == "before_leak"
        return Reset(self.reset == "hard", self.fires == "above", in_next, before_leak)

    @property
    def leak_tau(self) -> Numbers:
        """Its parameter."""
        return self.tau

    @property
    def decays_input(self) -> bool:
        """Its parameter."""
        return self.decay_input

    def broken_rules(self) -> Broken:
        """Without a leak nothing is left of an input that is divided by tau."""
        yield from super().broken_rules()
        if self.decay_input and largest(self.tau) == math.inf:
            yield "tau", "inf must go with decay_input: false, or the input is divided by it"
