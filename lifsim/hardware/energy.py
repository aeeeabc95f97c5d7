"""Energy of events: counts in, pJ out. Counts and prices never mix before here, so a new price needs no new run."""

from __future__ import annotations

from lifsim.hardware.components import Bill
from lifsim.hardware.sram import SramCost
from lifsim.lazy_dataclass import dataclass


@dataclass(frozen=True)
class LogicWork:
    """What `pieces` equal pieces of logic did: `operations` (all pieces together), of which `multibit` on multi-bit
    inputs, in `cycles` with a clock. A piece begins one operation a cycle."""

    pieces: int
    operations: int
    multibit: int
    cycles: int

    @property
    def slots(self) -> int:
        """Cycles of all pieces together."""
        return self.pieces * self.cycles

    @property
    def used_slots(self) -> int:
        """Of these, those with an operation."""
        return min(self.operations, self.slots)


def operation_pj(bill: Bill, work: LogicWork) -> float:
    """Gated components: operations * operation_pj + multibit * multibit_pj."""
    return work.operations * bill.operation_pj + work.multibit * bill.multibit_pj


def toggling_pj(bill: Bill, work: LogicWork) -> float:
    """Components that toggle in every cycle, in those with an operation: min(operations, pieces * cycles) *
    toggling_pj."""
    return work.used_slots * bill.toggling_pj


def idle_pj(bill: Bill, work: LogicWork) -> float:
    """The same in all other cycles: (pieces * cycles - those with an operation) * toggling_pj."""
    return (work.slots - work.used_slots) * bill.toggling_pj


def standing_pj(bill: Bill, work: LogicWork, clock_hz: int) -> float:
    """Leakage: all pieces all cycles; of power-gated components, the cycles of operations."""
    gated = bill.working_leakage_mw * work.used_slots + bill.multibit_leakage_mw * min(work.multibit, work.slots)
    return leakage_pj(bill.leakage_mw * work.pieces, work.cycles, clock_hz) + leakage_pj(gated, 1, clock_hz)


def leakage_pj(leakage_mw: float, cycles: int, clock_hz: int) -> float:
    """Leakage power times time: 1 mW for 1 s is 1e9 pJ."""
    return leakage_mw * (cycles / clock_hz) * 1e9


def port_accesses(elements: int, element_bits: int, port_bits: int) -> int:
    """Accesses of the port's width that move `elements` of `element_bits` packed: ceil(elements * bits / port)."""
    return -(-elements * element_bits // port_bits)


def sram_pj(cost: SramCost, reads: int, writes: int) -> float:
    """`reads` and `writes` of whole words of the port's width, each charged once."""
    return reads * cost.read_pj + writes * cost.write_pj


def dram_pj(moved_bytes: int, energy_pj_per_bit: float) -> float:
    """8 bits a byte at one price."""
    return moved_bytes * 8 * energy_pj_per_bit
