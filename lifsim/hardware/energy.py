"""Energy of events: counts in, pJ out. Counts and prices never mix before here, so a new price needs no new run."""

from __future__ import annotations

from dataclasses import dataclass

from lifsim.hardware.components import Bill
from lifsim.hardware.sram import SramCost


@dataclass(frozen=True)
class LogicWork:
    """What `pieces` equal pieces of logic did: `operations` (all pieces together), of which `multibit` on multi-bit
    inputs, while the array ran for `running_cycles`."""

    pieces: int
    operations: int
    multibit: int
    running_cycles: int


def operation_pj(bill: Bill, work: LogicWork) -> float:
    """Gated components: operations * operation_pj + multibit * multibit_pj."""
    return work.operations * bill.operation_pj + work.multibit * bill.multibit_pj


def ungated_pj(bill: Bill, work: LogicWork) -> float:
    """Ungated components: pieces * running cycles * ungated_pj."""
    return work.pieces * work.running_cycles * bill.ungated_pj


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
