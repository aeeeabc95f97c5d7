"""The figures by which schedules are compared, cycles or energy: of layers that were played, and lower bounds before
that."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from lifsim.accounting.counts import LayerCounts
from lifsim.accounting.machine import Machine
from lifsim.accounting.prices import Costs, energy_of, switched_off
from lifsim.hardware.lif_unit import LifBank
from lifsim.lazy_dataclass import dataclass
from lifsim.play.alone import least_cycles
from lifsim.play.dram import with_estimated_work
from lifsim.play.record import LayerRecord
from lifsim.units import format_si


class Figure(Protocol):
    """name: as options spell it; least: the lowest figure in words, less: less of it."""

    name: str
    least: str
    less: str

    @abstractmethod
    def of(self, counts: Sequence[LayerCounts]) -> float:
        """The figure of layers that were played."""
        ...

    @abstractmethod
    def floor(self, counts: Sequence[LayerCounts]) -> float:
        """A lower bound for layers that have not been played against the DRAM yet."""
        ...

    @abstractmethod
    def of_records(self, records: Sequence[LayerRecord]) -> float:
        """The figure of a whole run."""
        ...

    @abstractmethod
    def in_words(self, found: float) -> str:
        """A figure with its unit."""
        ...


@dataclass(frozen=True)
class CycleFigure(Figure):
    """Array-clock cycles."""

    machine: Machine
    name: str = "cycles"
    least: str = "the fewest cycles"
    less: str = "fewer cycles"

    def of(self, counts: Sequence[LayerCounts]) -> int:
        return sum(layer.cycles.total for layer in counts)

    def floor(self, counts: Sequence[LayerCounts]) -> int:
        return least_cycles(self.machine, counts)

    def of_records(self, records: Sequence[LayerRecord]) -> int:
        return self.of([record.counts for record in records])

    def in_words(self, found: float) -> str:
        return f"{int(found):,}"


@dataclass(frozen=True)
class EnergyFigure(Figure):
    """pJ. A gated buffer that a group never uses does not leak, as in a run that never uses it."""

    machine: Machine
    bank: LifBank
    costs: Costs
    name: str = "energy"
    least: str = "the least energy"
    less: str = "less energy"

    def of(self, counts: Sequence[LayerCounts]) -> float:
        costs = switched_off(self.costs, counts)
        return sum(energy_of(layer, costs, self.machine, self.bank).total.total for layer in counts)

    def floor(self, counts: Sequence[LayerCounts]) -> float:
        """A lower bound: the fewest DRAM commands for their bytes, in the fewest cycles, without activating a row,
        since small tensors may be read again and again from open rows."""
        first, *others = counts
        waited = least_cycles(self.machine, counts) - sum(layer.cycles.total for layer in counts)
        cycles = replace(
            first.cycles,
            total=first.cycles.total + waited,
            stall_weights=first.cycles.stall_weights + waited,
        )
        longest = [replace(first, cycles=cycles), *others]
        return self.of([self._with_least_work(layer) for layer in longest])

    def _with_least_work(self, layer: LayerCounts) -> LayerCounts:
        estimated = with_estimated_work(layer, self.costs.dram, self.machine.clock_hz)
        work = estimated.dram
        return estimated if work is None else replace(estimated, dram=replace(work, activates=0))

    def of_records(self, records: Sequence[LayerRecord]) -> float:
        return sum(record.energy_pj.total.total for record in records)

    def in_words(self, found: float) -> str:
        return format_si(found / 1e12, "J")
