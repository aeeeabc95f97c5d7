"""Optimizers: their state per weight, and the arithmetic of an update."""

from lifsim.optimizers.protocol import OPTIMIZERS, Optimizer

__all__ = ["OPTIMIZERS", "Optimizer"]
