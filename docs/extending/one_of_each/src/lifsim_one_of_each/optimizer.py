"""An optimizer that looks at the sign of a running mean."""

from __future__ import annotations

from lifsim.optimizers import Optimizer


class Signed(Optimizer):
    """m = b m + (1 - b) g ; w -= rate sign(m)."""

    name = "signed"
    title = "w -= rate sign(m), m a running mean of the gradient"
    state_values = 1
    multiply_adds = 2
