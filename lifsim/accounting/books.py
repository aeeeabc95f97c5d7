"""Records of a run whose books balance, or that cannot be constructed.

Every record adds up field by field (`added`), turns into nested plain data for JSON (`as_tree`) and into one row of
dotted columns for tables (`as_row`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from functools import lru_cache
from operator import attrgetter
from typing import Any, TypeVar

from lifsim.lazy_dataclass import dataclass
from lifsim.schedule.traffic import DramBytes
from lifsim.units import format_si

R = TypeVar("R")


class BooksError(AssertionError):
    """A total that is not the sum of its parts: a bug of LIFSim, never a fault of an input."""


def _balance(record: object, total: float, parts: Sequence[float]) -> None:
    """Check a total: counts must be equal exactly, energies up to rounding."""
    if isinstance(total, int) and all(isinstance(amount, int) for amount in parts):
        amount, balanced = sum(parts), total == sum(parts)
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
        _balance(self, self.total, parts)


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

    def occupying(self, skips: bool) -> int:
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


KINDS = ("work", "idle", "standing")
"""What energy is spent on: work; toggling without work; standing, with time (leakage, refresh, standby, sleep)."""


@dataclass(frozen=True)
class Energy:
    """pJ by kind, see KINDS."""

    work: float
    idle: float
    standing: float
    total: float

    def __post_init__(self) -> None:
        _balance(self, self.total, [self.work, self.idle, self.standing])

    @classmethod
    def of(cls, work: float, idle: float, standing: float) -> Energy:
        """The record of its parts."""
        return cls(work, idle, standing, work + idle + standing)

    def __str__(self) -> str:
        """`2.4 mJ: 1.1 mJ work, ...`"""
        total, *parts = (format_si(getattr(self, kind) * 1e-12, "J") for kind in ("total", *KINDS))
        return f"{total}: {', '.join(f'{part} {kind}' for part, kind in zip(parts, KINDS, strict=True))}"


@dataclass(frozen=True)
class LogicEnergy:
    """pJ. operation: gated components, per operation; toggling: the others, in the cycles of their operations; work:
    the sum of both; idle: the others, in all other cycles; standing: leakage."""

    operation: float
    toggling: float
    work: float
    idle: float
    standing: float
    total: float

    def __post_init__(self) -> None:
        _balance(self, self.work, [self.operation, self.toggling])
        _balance(self, self.total, [self.work, self.idle, self.standing])

    @classmethod
    def of(cls, operation: float, toggling: float, idle: float, standing: float) -> LogicEnergy:
        """The record of its parts."""
        work = operation + toggling
        return cls(operation, toggling, work, idle, standing, work + idle + standing)

    @property
    def ungated(self) -> float:
        """pJ of all components that toggle in every cycle."""
        return self.toggling + self.idle


NO_LOGIC = LogicEnergy.of(0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True)
class DramEnergy:
    """pJ. work, per command: activate (with its precharge), read, write; transfer: bits at one price. standing, with
    time: refresh; background: standby and sleep. None of it is idle energy."""

    activate: float
    read: float
    write: float
    transfer: float
    refresh: float
    background: float
    work: float
    idle: float
    standing: float
    total: float

    def __post_init__(self) -> None:
        _balance(self, self.work, [self.activate, self.read, self.write, self.transfer])
        _balance(self, self.idle, [0.0])
        _balance(self, self.standing, [self.refresh, self.background])
        _balance(self, self.total, [self.work, self.standing])

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
        work, standing = activate + read + write + transfer, refresh + background
        return cls(activate, read, write, transfer, refresh, background, work, 0.0, standing, work + standing)


@dataclass(frozen=True)
class ComputeEnergy:
    """The breakdown of computation of SATA and EfficientLIF-Net. lif: the LIF units, gradient units included;
    membrane_registers: what keeps membranes in the array; optimizer: what changes weights, in training alone."""

    spike_mac: LogicEnergy
    lif: LogicEnergy
    membrane_registers: LogicEnergy
    spad: LogicEnergy
    optimizer: LogicEnergy = NO_LOGIC


@dataclass(frozen=True)
class LifIf:
    """Energy of the LIF units, without registers, if they toggled without work, and if they were clock-gated. One of
    the two is their actual energy, unless an architecture mixes both."""

    toggles: Energy
    clock_gated: Energy


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
    """All energy of a run in pJ. sram: the sum over `buffers`. lif_if: alternatives, not part of the total."""

    compute: ComputeEnergy
    buffers: BufferEnergy
    sram: Energy
    dram: DramEnergy
    total: Energy
    lif_if: LifIf

    def __post_init__(self) -> None:
        for total, parts in ((self.sram, _parts(self.buffers)), (self.total, self._everything)):
            for amount, amounts in zip(_kinds_of(total), zip(*map(_kinds_of, parts), strict=True), strict=True):
                _balance(self, amount, amounts)

    @property
    def _everything(self) -> list[Any]:
        return [*_parts(self.compute), self.sram, self.dram]

    @classmethod
    def of(cls, compute: ComputeEnergy, buffers: BufferEnergy, dram: DramEnergy, lif_if: LifIf) -> EnergyPj:
        """The record of its components."""
        sram = _summed(_parts(buffers))
        return cls(compute, buffers, sram, dram, _summed([*_parts(compute), sram, dram]), lif_if)


_kinds_of: Callable[[Any], tuple[float, float, float]] = attrgetter(*KINDS)


def _summed(parts: Iterable[Any]) -> Energy:
    """The sum of records that are split into KINDS."""
    return Energy.of(*map(sum, zip(*map(_kinds_of, parts), strict=True)))


def _parts(record: object) -> list[Any]:
    return list(vars(record).values())


def added(records: Iterable[R]) -> R:
    """The field-by-field sum of records of one type, down to their numbers. At least one."""
    return _added(tuple(records))


def _added(rows: tuple[R, ...]) -> R:
    kind: type = type(rows[0])
    if not _is_record(rows[0]):
        return sum(rows[1:], rows[0])  # type: ignore[call-overload, no-any-return]
    _, values_of = _fields_of(kind)
    columns = zip(*map(values_of, rows), strict=True)
    summed: R = kind(*[sum(each[1:], each[0]) if type(each[0]) in NUMBERS else _added(each) for each in columns])
    return summed


NUMBERS = {int, float}
"""Most of what is in records."""


def as_tree(record: object) -> Any:
    """Nested dicts of plain numbers, for JSON; of dicts of records, too."""
    return {name: as_tree(value) for name, value in _shown(record)} if _is_record(record) else record


def as_row(record: object, prefix: str = "") -> dict[str, Any]:
    """One level of dotted names. An energy's own name holds its total: `energy_pj.dram`, `energy_pj.dram.standing`."""
    row: dict[str, Any] = {}
    _put_into(row, record, prefix)
    return row


def _put_into(row: dict[str, Any], record: object, prefix: str) -> None:
    splits_own_total = isinstance(record, (Energy, LogicEnergy, DramEnergy))
    for name, value in _shown(record):
        column = f"{prefix}.{name}" if prefix else name
        if type(value) not in NUMBERS and _is_record(value):
            _put_into(row, value, column)
        else:
            row[prefix if splits_own_total and name == "total" else column] = value


def _is_record(value: object) -> bool:
    return hasattr(value, "__dataclass_fields__") or isinstance(value, dict)


def _shown(record: Any) -> Iterable[tuple[str, Any]]:
    if isinstance(record, dict):
        return record.items()
    if isinstance(record, DramBytes):
        return record.shown().items()
    kind: type = type(record)
    names, values_of = _fields_of(kind)
    return zip(names, values_of(record), strict=True)


@lru_cache(1 << 8)
def _fields_of(kind: type) -> tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]:
    """The names of the fields, and a getter that reads all of them from a record."""
    names = tuple(field.name for field in fields(kind))
    read = attrgetter(*names)
    return names, read if len(names) > 1 else lambda record: (read(record),)
