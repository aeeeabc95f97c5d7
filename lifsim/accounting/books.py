"""Counts of a run whose books balance, or that cannot be constructed: cycles, operations, accesses."""

from __future__ import annotations

import math
from collections.abc import Sequence

from lifsim.lazy_dataclass import dataclass


class BooksError(AssertionError):
    """A total that is not the sum of its parts: a bug of LIFSim, never a fault of an input."""


def balance(record: object, total: float, parts: Sequence[float]) -> None:
    """Raises BooksError if `total` is not the sum of its `parts`: exactly for counts, up to rounding for energies."""
    if isinstance(total, int) and isinstance(amount := sum(parts), int):  # then each of them is
        balanced = total == amount
    else:
        amount = math.fsum(parts)
        balanced = math.isclose(total, amount, rel_tol=1e-9, abs_tol=1e-9)
    if not balanced:
        raise BooksError(f"{type(record).__name__}: total {total} is not the sum of its parts {amount}: {record}")


@dataclass(frozen=True)
class Cycles:
    """Array-clock cycles by their one cause. array: operands stream; fill_drain: the array fills, drains, loads;
    lif: exposed LIF calls; stall_*: the array waits for weights, spikes, membranes or writeback."""

    total: int
    array: int
    fill_drain: int
    lif: int
    stall_weights: int
    stall_spikes: int
    stall_membrane: int
    stall_writeback: int

    @property
    def stalled(self) -> int:
        """All cycles in which the array waits for memory."""
        return self.stall_weights + self.stall_spikes + self.stall_membrane + self.stall_writeback

    def __post_init__(self) -> None:
        _, *parts = vars(self).values()
        if any(amount < 0 or isinstance(amount, float) for amount in parts):  # from another package, say
            raise BooksError(f"Cycles: must be whole and not negative: {self}")
        balance(self, self.total, parts)


@dataclass(frozen=True)
class Operations:
    """macs_dense: all multiply-accumulates; macs_effective: those on a one (or a real input that is not padding);
    macs_executed: those that the array spends operation energy on; macs_multibit: the part of these on multi-bit
    inputs. pgu_updates: gradients of membranes, in training; pgu_multiplications: the part of these with a firing
    gradient. norm_multiply_adds: of batch norms with batch statistics. optimizer_multiply_adds, optimizer_divisions: of
    the weight update; square roots count as divisions."""

    macs_dense: int
    macs_effective: int
    macs_executed: int
    macs_multibit: int
    lif_updates: int
    pgu_updates: int = 0
    pgu_multiplications: int = 0
    norm_multiply_adds: int = 0
    optimizer_multiply_adds: int = 0
    optimizer_divisions: int = 0

    def occupying(self, *, skips: bool) -> int:
        """MACs that take a PE's cycle: all of them, or only those on ones if the array `skips` zeros."""
        return self.macs_effective if skips else self.macs_dense

    def __post_init__(self) -> None:
        least, most = min(self.macs_multibit, self.macs_effective), max(self.macs_executed, self.macs_effective)
        if not (least >= 0 and self.macs_multibit <= self.macs_executed and most <= self.macs_dense):
            raise BooksError(f"operations out of order: {self}")


@dataclass(frozen=True)
class Accesses:
    """Elements read and written."""

    reads: int
    writes: int


@dataclass(frozen=True)
class SramAccesses:
    """Elements into and out of each buffer, on the array's side and on the DRAM's.

    membrane: the LIF units' side alone; membrane_fill: its DRAM side, where not all membranes stay on chip.
    """

    weight: Accesses
    spike_in: Accesses
    spike_out: Accesses
    membrane: Accesses
    psum: Accesses
    membrane_fill: Accesses = Accesses(0, 0)
