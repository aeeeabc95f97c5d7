"""What a run's DRAM did, in one line."""

from __future__ import annotations

from lifsim.accounting.books import DramEnergy
from lifsim.simulate.dram import DramActivity
from lifsim.units import format_si

CAUSES = ("activate", "read", "write", "transfer", "refresh", "background")


def dram_line(device: str, did: DramActivity, energy: DramEnergy) -> str:
    """Row hits, bandwidth, and energy by cause; causes that cost nothing are left out."""
    bandwidth = f"{format_si(did.bandwidth_bytes_per_s, 'B/s')}, {did.bandwidth_utilisation:.1%} of its peak"
    causes = [(cause, getattr(energy, cause)) for cause in CAUSES]
    spent = ", ".join(f"{cause} {format_si(pj * 1e-12, 'J')}" for cause, pj in causes if pj)
    return f"DRAM {device}: {did.row_hit_rate:.1%} row hits, {bandwidth}; {spent}"
