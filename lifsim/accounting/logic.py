"""The energy of logic, split as in the books, and the optimizer unit, of which a machine has one."""

from __future__ import annotations

from collections.abc import Sequence

from lifsim.accounting.books import Operations
from lifsim.accounting.energy import LogicEnergy
from lifsim.accounting.records import added
from lifsim.hardware import energy
from lifsim.hardware.components import Bill, bill_of
from lifsim.hardware.energy import LogicWork
from lifsim.lazy_dataclass import dataclass
from lifsim.model.arch import Component


def logic_energy(bill: Bill, work: LogicWork, clock_hz: int) -> LogicEnergy:
    """Energy of logic at these prices that did this work."""
    return LogicEnergy.of(
        energy.operation_pj(bill, work),
        energy.toggling_pj(bill, work),
        energy.idle_pj(bill, work),
        energy.standing_pj(bill, work, clock_hz),
    )


@dataclass(frozen=True)
class OptimizerUnit:
    """Prices per lane of the multiply-add and of the divider, which also takes square roots; `lanes` of them."""

    multiply_add: Bill
    division: Bill
    lanes: int

    @classmethod
    def of(cls, components: Sequence[Component], lanes: int) -> OptimizerUnit:
        """The unit of a bill of materials."""
        return cls(bill_of(components, "optimizer"), bill_of(components, "optimizer_divider"), lanes)

    @property
    def area_mm2(self) -> float:
        """Area of all lanes, mm2."""
        return self.lanes * (self.multiply_add.area_mm2 + self.division.area_mm2)

    def energy_pj(self, ops: Operations, cycles: int, clock_hz: int) -> LogicEnergy:
        """Energy of the work in `ops`, with the clock running for all these cycles."""
        done = (
            (self.multiply_add, ops.optimizer_multiply_adds),
            (self.division, ops.optimizer_divisions),
        )
        return added([logic_energy(bill, LogicWork(self.lanes, count, 0, cycles), clock_hz) for bill, count in done])
