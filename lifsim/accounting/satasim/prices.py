"""Prices as SATA_Sim takes them, where it does not take LIFSim's."""

from __future__ import annotations

from dataclasses import replace

from lifsim.accounting import prices
from lifsim.accounting.prices import BUFFERS, Costs, UnitBills
from lifsim.hardware.components import SYNTHESIS_CLOCK_HZ, Bill
from lifsim.hardware.sram import SramCost, cacti, sram_cost
from lifsim.model.arch import Arch
from lifsim.model.buffers import Buffer

LEAKAGE_DIGITS = 6
"""SATA_Sim rounds the leakage of each tag to 1e-6 mW before it multiplies."""


def costs_of(arch: Arch) -> Costs:
    """The price list of `arch`. Raises InputError with every price that is missing."""
    ours = prices.costs_of(arch)

    def theirs(bill: Bill) -> Bill:
        return at_own_clock(printed(bill), arch.clock_hz)

    def units(bills: UnitBills) -> UnitBills:
        return UnitBills(theirs(bills.calls), theirs(bills.gradients), theirs(bills.slopes))

    return replace(
        ours,
        spike_mac=theirs(ours.spike_mac),
        lif=units(ours.lif),
        spad=theirs(ours.spad),
        lif_toggling=units(ours.lif_toggling),
        lif_clock_gated=units(ours.lif_clock_gated),
        buffers={name: satasim_sram_cost(getattr(arch.buffers, name), arch.technology_nm, name) for name in BUFFERS},
    )


def printed(bill: Bill) -> Bill:
    """`bill` with its leakage as SATA_Sim prints it."""
    return replace(bill, leakage_mw=round(bill.leakage_mw, LEAKAGE_DIGITS))


def at_own_clock(bill: Bill, clock_hz: int) -> Bill:
    """SATA_Sim spreads the table's power over the period of its own clock, whatever that is."""
    stretch = SYNTHESIS_CLOCK_HZ / clock_hz
    return replace(
        bill,
        operation_pj=bill.operation_pj * stretch,
        multibit_pj=bill.multibit_pj * stretch,
        toggling_pj=bill.toggling_pj * stretch,
    )


def satasim_sram_cost(buffer: Buffer, technology_nm: int, name: str = "buffer") -> SramCost:
    """With the leakage of one bank, without CACTI's gate leakage."""
    cost = sram_cost(buffer, technology_nm, name)
    if buffer.size_bytes == 0 or buffer.read_pj is not None:
        return replace(cost, leakage_mw=cost.leakage_mw / buffer.banks)
    return replace(cost, leakage_mw=cacti(buffer, technology_nm, name)[2])
