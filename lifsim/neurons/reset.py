"""When a neuron fires and how it is reset, in the ways that models differ in.

    fires        at        s = [u' >= theta]          above      s = [u' > theta]
    reset        hard      u = s ? u_reset : u'       soft       u = u' - s theta

    reset_step   this      the call that fires resets         next       the call behind it does
    reset_order  after_leak, before_leak

which make four calls, of the leak L, the input x and the reset R:

    this, after_leak     u' = L u + x            s = fire(u')     u = R(u', s)
    this, before_leak    u' = u + x              s = fire(u')     u = L R(u', s)
    next, after_leak     u' = R(L u + x, s_0)    s = fire(u')     u = u'               s_0 = fire(u)
    next, before_leak    u' = L R(u, s_0) + x    s = fire(u')     u = u'

"next" resets by what the membrane itself still shows, so that no spike is kept: the neuron has fired if it is beyond
its threshold.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifsim.lazy_dataclass import dataclass
from lifsim.neurons.parameters import Choice

Array = NDArray[Any]

RESET = Choice(("hard", "soft"))
FIRES = Choice(("at", "above"))
RESET_STEP = Choice(("this", "next"))
RESET_ORDER = Choice(("after_leak", "before_leak"))


@dataclass(frozen=True)
class Reset:
    """hard: to u_reset, else by subtraction. strictly: fires above the threshold only. in_next: the next call resets.
    before_leak: what leaks has been reset."""

    hard: bool
    strictly: bool
    in_next: bool = False
    before_leak: bool = False

    @property
    def is_usual(self) -> bool:
        """Fires at the threshold, and is reset at once, behind the leak."""
        return not (self.strictly or self.in_next or self.before_leak)

    @property
    def is_done_last(self) -> bool:
        """Whether the call ends with the reset."""
        return not (self.in_next or self.before_leak)

    def fire(self, u: Array, threshold: Any) -> Array:
        """bool."""
        spikes: Array = u > threshold if self.strictly else u >= threshold
        return spikes

    def apply(self, u: Array, spikes: Array, threshold: Any, u_reset: Any) -> Array:
        """u of those that fired."""
        return np.where(spikes, u_reset if self.hard else u - threshold, u)

    def before(self, u: Array, threshold: Any, u_reset: Any) -> Array:
        """What leaks of a membrane that the last call left."""
        if not (self.in_next and self.before_leak):
            return u
        return self.apply(u, self.fire(u, threshold), threshold, u_reset)

    def behind(self, charged: Array, u: Array, threshold: Any, u_reset: Any) -> Array:
        """What a charged membrane is after the reset that the last call, which left `u`, is still to have."""
        if not self.in_next or self.before_leak:
            return charged
        return self.apply(charged, self.fire(u, threshold), threshold, u_reset)
