"""What an optimizer must say of itself; bytes, work and time of the weight update follow from it."""

from __future__ import annotations

from typing import Protocol

from lifsim.registry import Registry


class Optimizer(Protocol):
    """How weights change once a batch.

    name: as architectures spell it; title: in words.
    state_values: values that it keeps of each weight from one batch to the next; they are read and written.
    multiply_adds: products of a weight's update, each with the sum that it goes into, if into any.
    divisions: quotients and square roots of a weight's update.
    """

    name: str
    title: str
    state_values: int
    multiply_adds: int
    divisions: int = 0


OPTIMIZERS: Registry[Optimizer] = Registry("optimizer", Optimizer, "lifsim.optimizers", "lifsim.optimizers")
