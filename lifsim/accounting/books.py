"""Records of a run whose books balance, or that cannot be constructed.

Every record adds up field by field (`added`), turns into nested plain data for JSON (`as_tree`) and into one row of
dotted columns for tables (`as_row`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, TypeVar, cast

from lifsim.schedule.traffic import DramBytes

R = TypeVar("R")


class BooksError(AssertionError):
    """A total that is not the sum of its parts: a fault of LIFSim, never of an input."""


def _balance(record: object, total: float, parts: Iterable[float]) -> None:
    """Counts are equal to the last one, energies to rounding."""
    parts = list(parts)
    if all(isinstance(amount, int) for amount in (total, *parts)):
        amount, balanced = sum(parts), total == sum(parts)
    else:
        amount = math.fsum(parts)
        balanced = math.isclose(total, amount, rel_tol=1e-9, abs_tol=1e-9)
    if not balanced:
        raise BooksError(f"{type(record).__name__}: total {total} is not the sum of its parts {amount}: {record}")


@dataclass(frozen=True)
class Cycles:
    """Array-clock cycles by their one cause. array: operands stream; fill_drain: the array fills, drains, loads;
    lif: exposed LIF calls; stall_*: the array waits for weights, spikes or membranes, or for room to write."""

    total: int
    array: int
    fill_drain: int
    lif: int
    stall_weights: int
    stall_spikes: int
    stall_membrane: int
    stall_writeback: int

    def __post_init__(self) -> None:
        _balance(self, self.total, [getattr(self, f.name) for f in fields(self) if f.name != "total"])


@dataclass(frozen=True)
class Operations:
    """macs_dense: all multiply-accumulates; macs_effective: those on a one (or a real input that is not padding);
    macs_executed: those the array spends operation energy on; macs_multibit: of these, on multi-bit inputs.
    pgu_updates: gradients of membranes, in training; pgu_multiplications: of these, those with a firing gradient."""

    macs_dense: int
    macs_effective: int
    macs_executed: int
    macs_multibit: int
    lif_updates: int
    pgu_updates: int = 0
    pgu_multiplications: int = 0

    def occupying(self, skips: bool) -> int:
        """Multiply-accumulates that take a PE's cycle: all of them, where the array `skips` zeros those on ones."""
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


@dataclass(frozen=True)
class Energy:
    """pJ. dynamic: by what happens; leakage: by the time that passes."""

    dynamic: float
    leakage: float
    total: float

    def __post_init__(self) -> None:
        _balance(self, self.total, [self.dynamic, self.leakage])

    @classmethod
    def of(cls, dynamic: float, leakage: float) -> Energy:
        """The record of both parts."""
        return cls(dynamic, leakage, dynamic + leakage)


@dataclass(frozen=True)
class LogicEnergy:
    """pJ. operation: of gated components, by operations; ungated: of the others, by cycles of the running array;
    dynamic: both."""

    operation: float
    ungated: float
    dynamic: float
    leakage: float
    total: float

    def __post_init__(self) -> None:
        _balance(self, self.dynamic, [self.operation, self.ungated])
        _balance(self, self.total, [self.dynamic, self.leakage])

    @classmethod
    def of(cls, operation: float, ungated: float, leakage: float) -> LogicEnergy:
        """The record of the three parts."""
        return cls(operation, ungated, operation + ungated, leakage, operation + ungated + leakage)


@dataclass(frozen=True)
class DramEnergy:
    """pJ. By commands: activate (with its precharge), read, write; transfer: of bits at one price; dynamic: these four.
    By the time that passes: refresh, background (standby); leakage: both."""

    activate: float
    read: float
    write: float
    transfer: float
    refresh: float
    background: float
    dynamic: float
    leakage: float
    total: float

    def __post_init__(self) -> None:
        _balance(self, self.dynamic, [self.activate, self.read, self.write, self.transfer])
        _balance(self, self.leakage, [self.refresh, self.background])
        _balance(self, self.total, [self.dynamic, self.leakage])

    @classmethod
    def of(
        cls,
        *,
        activate: float = 0.0,
        read: float = 0.0,
        write: float = 0.0,
        transfer: float = 0.0,
        refresh: float = 0.0,
        background: float = 0.0,
    ) -> DramEnergy:
        """The record of its causes."""
        dynamic, leakage = activate + read + write + transfer, refresh + background
        return cls(activate, read, write, transfer, refresh, background, dynamic, leakage, dynamic + leakage)


@dataclass(frozen=True)
class ComputeEnergy:
    """The breakdown of computation of SATA and EfficientLIF-Net."""

    spike_mac: LogicEnergy
    lif: LogicEnergy
    spad: LogicEnergy


@dataclass(frozen=True)
class BufferEnergy:
    """Each buffer's energy."""

    weight: Energy
    spike_in: Energy
    spike_out: Energy
    membrane: Energy
    psum: Energy


@dataclass(frozen=True)
class EnergyPj:
    """All energy of a run in pJ. sram: the sum over `buffers`."""

    compute: ComputeEnergy
    buffers: BufferEnergy
    sram: Energy
    dram: DramEnergy
    total: Energy

    def __post_init__(self) -> None:
        buffers, compute = _parts(self.buffers), _parts(self.compute)
        for part in ("dynamic", "leakage"):
            _balance(self, getattr(self.sram, part), [getattr(b, part) for b in buffers])
            everything = [*compute, self.sram, self.dram]
            _balance(self, getattr(self.total, part), [getattr(e, part) for e in everything])

    @classmethod
    def of(cls, compute: ComputeEnergy, buffers: BufferEnergy, dram: DramEnergy) -> EnergyPj:
        """The record of its components."""
        sram = Energy.of(*(sum(getattr(b, part) for b in _parts(buffers)) for part in ("dynamic", "leakage")))
        everything = [*_parts(compute), sram, dram]
        total = Energy.of(*(sum(getattr(e, part) for e in everything) for part in ("dynamic", "leakage")))
        return cls(compute, buffers, sram, dram, total)


def _parts(record: object) -> list[Any]:
    return [getattr(record, f.name) for f in fields(record)]  # type: ignore[arg-type]


def added(records: Iterable[R]) -> R:
    """The field-by-field sum of records of one type, down to their numbers. At least one."""
    rows = list(records)
    first = rows[0]
    if not is_dataclass(first):
        return sum(rows[1:], first)  # type: ignore[call-overload, no-any-return]
    columns = [added([getattr(row, f.name) for row in rows]) for f in fields(first)]
    return cast(R, type(first)(*columns))  # type: ignore[misc]


def as_tree(record: object) -> Any:
    """Nested dicts of plain numbers, for JSON."""
    if is_dataclass(record):
        return {name: as_tree(value) for name, value in _shown(record)}
    return record


def _shown(record: object) -> Iterable[tuple[str, Any]]:
    if isinstance(record, DramBytes):
        return record.shown().items()
    return [(f.name, getattr(record, f.name)) for f in fields(record)]  # type: ignore[arg-type]


def flat(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested data in one level of dotted names, an energy's own name holding its total as in `as_row`."""
    row: dict[str, Any] = {}
    for name, value in tree.items():
        key = prefix if name == "total" and "leakage" in tree else f"{prefix}.{name}" if prefix else name
        row |= flat(value, key) if isinstance(value, Mapping) else {key: value}
    return row


def as_row(record: object, prefix: str = "") -> dict[str, Any]:
    """One level of dotted names. An energy's own name holds its total: `energy_pj.dram`, `energy_pj.dram.leakage`."""
    return dict(_columns(record, prefix))


def _columns(record: object, prefix: str) -> Iterator[tuple[str, Any]]:
    if not is_dataclass(record):
        yield prefix, record
        return
    splits_own_total = isinstance(record, (Energy, LogicEnergy, DramEnergy))
    for name, value in _shown(record):
        column = f"{prefix}.{name}" if prefix else name
        yield from _columns(value, prefix if splits_own_total and name == "total" else column)
