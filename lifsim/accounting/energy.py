"""Energies of a run whose books balance, or that cannot be constructed, in pJ."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any

from lifsim.accounting.books import balance
from lifsim.lazy_dataclass import dataclass
from lifsim.units import format_si

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
        balance(self, self.total, [self.work, self.idle, self.standing])

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
        balance(self, self.work, [self.operation, self.toggling])
        balance(self, self.total, [self.work, self.idle, self.standing])

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
        balance(self, self.work, [self.activate, self.read, self.write, self.transfer])
        balance(self, self.idle, [0.0])
        balance(self, self.standing, [self.refresh, self.background])
        balance(self, self.total, [self.work, self.standing])

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
                balance(self, amount, amounts)

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


@dataclass(frozen=True)
class LifUpdatePj:
    """pJ of a LIF update, units and membrane registers together; 0 without updates. work: of the call itself. all_in:
    with idle and standing energy. toggling, clock_gated: all_in if the units toggled without work, or were clock-gated
    (`LifIf`)."""

    work: float
    all_in: float
    toggling: float
    clock_gated: float

    @classmethod
    def of(cls, energy: EnergyPj, updates: int) -> LifUpdatePj:
        """The energy per update."""
        units, registers, other = energy.compute.lif, energy.compute.membrane_registers, energy.lif_if
        all_in = (part.total + registers.total for part in (units, other.toggles, other.clock_gated))
        return cls(*(pj / updates if updates else 0.0 for pj in (units.work + registers.work, *all_in)))

    def __str__(self) -> str:
        """`0.194 pJ work, 319.2 pJ all in (...)`"""
        work, all_in, toggling, gated = (
            format_si(pj * 1e-12, "J") for pj in (self.work, self.all_in, self.toggling, self.clock_gated)
        )
        return f"{work} work, {all_in} all in (idle toggling {toggling}, clock-gated {gated})"
