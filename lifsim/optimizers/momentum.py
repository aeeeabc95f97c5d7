"""Stochastic gradient descent with momentum."""

from __future__ import annotations

from lifsim.optimizers.protocol import OPTIMIZERS, Optimizer


@OPTIMIZERS.register
class Momentum(Optimizer):
    """v = momentum v + g ; w -= rate v (as PyTorch has it)."""

    name = "momentum"
    title = "SGD with momentum: v = momentum v + g, w -= rate v, one value kept a weight"
    state_values = 1
    multiply_adds = 2
