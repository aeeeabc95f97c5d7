"""The protocol of optimizers; bytes, work and time of the weight update follow from it."""

from __future__ import annotations

from typing import Protocol

from lifsim.registry import Registry


class Optimizer(Protocol):
    """How weights are updated, once per batch.

    name: as architectures spell it; title: in words.
    state_values: values that it keeps per weight between batches, which are read and written.
    multiply_adds: per weight, products of the update, each with the addition of its result, if any.
    divisions: per weight, quotients and square roots of the update.
    """

    name: str
    title: str
    state_values: int
    multiply_adds: int
    divisions: int = 0


OPTIMIZERS: Registry[Optimizer] = Registry("optimizer", Optimizer, "lifsim.optimizers", "lifsim.optimizers")
