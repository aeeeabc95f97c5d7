"""Adam (Kingma and Ba, ICLR 2015)."""

from __future__ import annotations

from lifsim.optimizers.protocol import OPTIMIZERS, Optimizer


@OPTIMIZERS.register
class Adam(Optimizer):
    """m = b1 m + (1 - b1) g ; v = b2 v + (1 - b2) g^2 ; w -= rate_t m / (sqrt(v) + eps), the bias corrections in rate_t
    (its paper, end of section 2). Products: b1 m, (1 - b1) g, b2 v, g g, (1 - b2) g^2, rate_t times the quotient."""

    name = "adam"
    title = "Adam: first and second moments of the gradient, two values kept a weight"
    state_values = 2
    multiply_adds = 6
    divisions = 2
