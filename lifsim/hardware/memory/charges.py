"""What off-chip memory is charged for: the bytes of a schedule, or what a simulated device did."""

from __future__ import annotations

from dataclasses import astuple
from math import ceil, isfinite
from typing import Protocol

from lifsim.contract import answers
from lifsim.hardware import energy
from lifsim.hardware.dram.counts import DramWork
from lifsim.hardware.dram.energy import Background, DramEnergy, background_pj
from lifsim.hardware.dram.energy import energy_pj as device_energy_pj
from lifsim.hardware.dram.streamed import streamed_work
from lifsim.lazy_dataclass import dataclass
from lifsim.model.dram import DramSpec


def _below_nothing(spent: DramEnergy, *_: object) -> str:
    return "energies of 0 or more" if min(astuple(spent)) < 0 else ""


class Charge(Protocol):
    """A price of what happened."""

    @answers(_below_nothing)
    def energy_pj(self, moved_bytes: int, work: DramWork | None) -> DramEnergy:
        """Of `moved_bytes` of a schedule, for which a simulated device did `work`."""
        ...

    def estimated(self, read_bytes: int, written_bytes: int, array_cycles: int, array_hz: int) -> DramWork | None:
        """The least work for these bytes within so many cycles of the array, to compare what was not simulated; None if
        work costs nothing."""
        ...

    def background(self, work: DramWork) -> Background | None:
        """What of its energy ranks take that stand by or sleep, by their state; None if that is no part of it."""
        ...


@dataclass(frozen=True)
class PerBit:
    """Bytes x 8 x a price, reads and writes alike."""

    energy_pj_per_bit: float

    def __post_init__(self) -> None:
        if not (isfinite(self.energy_pj_per_bit) and self.energy_pj_per_bit >= 0):
            raise ValueError(f"energy_pj_per_bit: {self.energy_pj_per_bit} must be >= 0 and finite")

    def energy_pj(self, moved_bytes: int, work: DramWork | None) -> DramEnergy:
        """Without causes."""
        return DramEnergy(transfer=energy.dram_pj(moved_bytes, self.energy_pj_per_bit))

    def estimated(self, read_bytes: int, written_bytes: int, array_cycles: int, array_hz: int) -> None:
        """Nothing but the bytes is looked at."""

    def background(self, work: DramWork) -> None:
        """Nothing is charged for time."""


@dataclass(frozen=True)
class ByDevice:
    """Every command and cycle of a simulated device, at the price that its file has."""

    spec: DramSpec

    def energy_pj(self, moved_bytes: int, work: DramWork | None) -> DramEnergy:
        """Raises ValueError if no device was simulated."""
        if work is None:
            raise ValueError(f"{self.spec.name} charges for what it did for {moved_bytes} bytes: it must be simulated")
        return device_energy_pj(self.spec, work)

    def estimated(self, read_bytes: int, written_bytes: int, array_cycles: int, array_hz: int) -> DramWork:
        """Whole bursts, every row activated once, no row kept open."""
        cycles = ceil(array_cycles / array_hz / self.spec.timing.tCK_ns * 1e9)
        return streamed_work(self.spec, read_bytes, written_bytes, cycles)

    def background(self, work: DramWork) -> Background:
        """As `background_pj`."""
        return background_pj(self.spec, work)
