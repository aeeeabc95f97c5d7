"""The current-based leaky integrate-and-fire neuron: inputs charge a synaptic current, which charges the membrane.

    i' = a i + x                                  a = 1 - 1/tau_syn
    u' = b u + g i' ;  s = [u' > theta] ;  R      b = 1 - 1/tau_mem,  g = 1/tau_mem with decay_input, else 1

current `now`: the current that x makes acts in this call, as above; `next`: what the last call left does, g i for g i'.
The reset R changes the membrane alone, in the ways of `lifsim.neurons.reset`, and leaks, like the membrane, towards 0.

The defaults are Norse's LIF (Pehle and Pedersen, 2021), with reset: hard, whose state keeps a i' in the place of i'.
snnTorch's Synaptic (Eshraghian et al., Proc. IEEE 111(9), 2023) is decay_input: false, reset_step: next.
"""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from lifsim.lazy_dataclass import dataclass
from lifsim.neurons.parameters import Choice, Flag, Numbers, Real, largest, rounded, smallest, wide
from lifsim.neurons.protocol import MEMBRANE, NEURONS, Broken, Linear, NeuronModel, State, StateVariable
from lifsim.neurons.reset import FIRES, RESET, RESET_ORDER, RESET_STEP, Reset

Array = NDArray[Any]


class Constants(NamedTuple):
    """Parameters as the calls take them."""

    current_leak: Any
    leak: Any
    gain: Any
    threshold: Any
    u_reset: Any


@NEURONS.register
@dataclass(frozen=True)
class CubaLifNeuron(NeuronModel):
    """Its second variable decays and adds in a datapath like the membrane's, so that a unit has the parts of two."""

    name = "cuba_lif"
    title = "current-based leaky integrate-and-fire: a synaptic current and a membrane"
    states = (MEMBRANE, StateVariable("current", "synaptic current"))
    datapaths = 2

    tau_mem: Annotated[Numbers, Real(above=1, infinite=True)] = 10.0
    tau_syn: Annotated[Numbers, Real(above=1, infinite=True)] = 5.0
    threshold: Annotated[Numbers, Real(above=0, high=1e6)] = 1.0
    reset: Annotated[str, RESET] = "soft"
    u_reset: Annotated[Numbers, Real(low=-1e6, high=1e6)] = 0.0
    decay_input: Annotated[bool, Flag()] = True
    current: Annotated[str, Choice(("now", "next"))] = "now"
    fires: Annotated[str, FIRES] = "above"
    reset_step: Annotated[str, RESET_STEP] = "this"
    reset_order: Annotated[str, RESET_ORDER] = "after_leak"

    @property
    def resets(self) -> Reset:
        """As its parameters say."""
        in_next, before_leak = self.reset_step == "next", self.reset_order == "before_leak"
        return Reset(self.reset == "hard", self.fires == "above", in_next, before_leak)

    def broken_rules(self) -> Broken:
        """A hard reset must end the spike; a current must reach the membrane."""
        highest, threshold = largest(self.u_reset), smallest(self.threshold)
        if self.resets.hard and highest is not None and threshold is not None and highest >= threshold:
            yield "u_reset", f"{highest:g} must be < threshold {threshold:g}"
        if self.decay_input and largest(self.tau_mem) == np.inf:
            yield "tau_mem", "inf must go with decay_input: false, or the current is divided by it"

    def rest(self) -> tuple[Numbers, ...]:
        """Nothing flows, and the membrane is at 0, whatever the reset potential is."""
        return 0.0, 0.0

    def constants(self, dtype: DTypeLike) -> Constants:
        """Leaks are computed in float64."""
        current_leak, leak, gain = self._factors()
        numbers = current_leak, leak, gain, self.threshold, self.u_reset
        return Constants(*(rounded(number, dtype) for number in numbers))

    def charge(self, x: Array, state: State, k: Constants) -> State:
        """The current, then the membrane."""
        (u, before), resets = state, self.resets
        current = before * k.current_leak + x
        acting = (current if self.current == "now" else before) * k.gain
        if resets.before_leak and not resets.in_next:
            return u + acting, current
        charged = resets.before(u, k.threshold, k.u_reset) * k.leak + acting
        return resets.behind(charged, u, k.threshold, k.u_reset), current

    def fire(self, charged: State, k: Constants) -> Array:
        """The membrane, at the threshold or above it."""
        return self.resets.fire(charged[0], k.threshold)

    def settle(self, charged: State, spikes: Array, k: Constants) -> State:
        """The current flows on."""
        (u, current), resets = charged, self.resets
        if resets.in_next:
            return charged
        u = resets.apply(u, spikes, k.threshold, k.u_reset)
        return u * k.leak if resets.before_leak else u, current

    def linear(self) -> Linear | None:
        """Where the call ends with the reset: [u, i]."""
        if not self.resets.is_done_last:
            return None
        current_leak, leak, gain = self._factors()
        if self.current == "now":
            return Linear(((leak, gain * current_leak), (0.0, current_leak)), (gain, 1.0), self.resets.hard)
        return Linear(((leak, gain), (0.0, current_leak)), (0.0, 1.0), self.resets.hard)

    def cannot_be_undone(self) -> str | None:
        """The hard reset; what the next call resets by is not kept."""
        if self.resets.hard:
            return "hard reset forgets the membrane"
        return None if self.resets.is_done_last else "a reset before the leak or in the next step is not undone"

    def undoing_error(self) -> float:
        """Of a triangular system: of the variable that leaks more."""
        current_leak, leak, _ = self._factors()
        return float(max(np.max(1 / current_leak), np.max(1 / leak)))

    def _factors(self) -> tuple[Any, Any, Any]:
        """Leaks of the current and of the membrane, and the current's gain."""
        current_leak, leak = 1 - 1 / wide(self.tau_syn), 1 - 1 / wide(self.tau_mem)
        return current_leak, leak, 1 / wide(self.tau_mem) if self.decay_input else np.float64(1)
