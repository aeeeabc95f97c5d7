"""Optimizers: what they keep of every weight from batch to batch, and what changing one takes."""

from lifsim.optimizers.protocol import OPTIMIZERS, Optimizer

__all__ = ["OPTIMIZERS", "Optimizer"]
