"""Stochastic gradient descent."""

from __future__ import annotations

from lifsim.optimizers.protocol import OPTIMIZERS, Optimizer


@OPTIMIZERS.register
class Sgd(Optimizer):
    """w -= rate g."""

    name = "sgd"
    title = "stochastic gradient descent: w -= rate g, nothing kept"
    state_values = 0
    multiply_adds = 1
