"""What a run's DRAM did, in one line."""

from __future__ import annotations

from lifsim.accounting.energy import DramEnergy
from lifsim.model.dram import DramSpec
from lifsim.play.dram import DramActivity
from lifsim.units import counted, format_si

CAUSES = ("activate", "read", "write", "transfer", "refresh", "background")


SLEEPING = {
    "power_down_after_cycles": {"active_power_down": "with a row open", "precharge_power_down": "precharged"},
    "self_refresh_after_cycles": {"self_refresh": ""},
}


def sleep_line(spec: DramSpec, did: DramActivity) -> str:
    """After how many idle cycles ranks are put to sleep; how often they are, for which share of the time, and for which
    energy."""
    off = [_title(key) for key in SLEEPING if getattr(spec.controller, key) == "off"]
    if len(off) == len(SLEEPING):
        return f"DRAM {' and '.join(off)} off: its ranks are always awake"
    rank_cycles = did.active_rank_cycles + did.idle_rank_cycles

    def state(name: str, how: str) -> str:
        times, cycles = getattr(did, f"{_plural(name)}"), getattr(did, f"{name}_rank_cycles")
        pj = getattr(did, f"{name}_pj")
        spent = "" if pj is None else f", {format_si(pj * 1e-12, 'J')}"
        return f"{how} {counted(times, 'time')}, {cycles / max(rank_cycles, 1):.1%} of the time{spent}".lstrip()

    said = [
        f"{_title(key)} after {getattr(spec.controller, key):,} idle cycles: "
        + "; ".join(state(name, how) for name, how in states.items())
        for key, states in SLEEPING.items()
        if getattr(spec.controller, key) != "off"
    ]
    return "DRAM " + "; ".join([*said, *(f"{title} off" for title in off)])


def _title(key: str) -> str:
    return key.removesuffix("_after_cycles").replace("_", "-")


def _plural(state: str) -> str:
    return f"{state}es" if state.endswith("sh") else f"{state}s"


def dram_line(device: str, did: DramActivity, energy: DramEnergy) -> str:
    """Row hits, bandwidth, and energy by cause; causes that cost nothing are left out."""
    bandwidth = f"{format_si(did.bandwidth_bytes_per_s, 'B/s')}, {did.bandwidth_utilisation:.1%} of its peak"
    causes = [(cause, getattr(energy, cause)) for cause in CAUSES]
    spent = ", ".join(f"{cause} {format_si(pj * 1e-12, 'J')}" for cause, pj in causes if pj)
    return f"DRAM {device}: {did.row_hit_rate:.1%} row hits, {bandwidth}; {spent}"
