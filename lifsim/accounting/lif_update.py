"""The energy of one update of a membrane."""

from __future__ import annotations

from lifsim.accounting.books import EnergyPj
from lifsim.lazy_dataclass import dataclass
from lifsim.units import format_si


@dataclass(frozen=True)
class LifUpdatePj:
    """pJ of a LIF update, units and membrane registers together; 0 without updates. work: of the call itself. all_in:
    with idle and standing energy. toggling, clock_gated: all_in if the units toggled without work, or were clock-gated
    (`books.LifIf`)."""

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
