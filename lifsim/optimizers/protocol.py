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


MOST_EACH = 1 << 10


def _modest(optimizer: Optimizer) -> None:
    """What it keeps and computes per weight is so little that sums over all weights fit 64 bits."""
    for name in ("state_values", "multiply_adds", "divisions"):
        if (count := getattr(optimizer, name)) > MOST_EACH:
            raise TypeError(f"{type(optimizer).__qualname__}.{name} must be at most {MOST_EACH} per weight, is {count}")


OPTIMIZERS: Registry[Optimizer] = Registry("optimizer", Optimizer, "lifsim.optimizers", "lifsim.optimizers", _modest)
