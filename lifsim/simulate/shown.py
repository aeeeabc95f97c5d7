"""The few figures of a run that an architect looks at first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lifsim.accounting.books import KINDS, Energy
from lifsim.brief import Brief
from lifsim.simulate.bound import bound
from lifsim.units import format_bytes, format_si

if TYPE_CHECKING:
    from lifsim.simulate.result import Result


def brief_of(result: Result) -> Brief:
    """With units."""
    totals, options, network, array = result.totals, result.options, result.network, result.arch.array
    memory = totals.lif_memory_bytes
    return Brief(
        result.name,
        {
            "network": f"{network.name}, T={network.timesteps}, batch {options.batch}, {options.mode}",
            "array": f"{result.arch.name}, {array.rows} x {array.cols} PEs, {array.dataflow}, {array.sparsity}",
            "sharing": f"{result.sharing}, schedule {options.schedule}",
            "cycles": f"{totals.cycles.total:,}, bound by {bound(totals.cycles)}",
            "time": format_si(totals.time_s, "s"),
            "PE utilisation": f"{totals.pe_utilisation:.1%}",
            "energy": _spent(totals.energy_pj.total),
            "LIF update": str(totals.lif_update_pj),
            "DRAM": format_bytes(totals.dram_bytes.total),
            "LIF memory": f"{format_bytes(memory.forward)} forward"
            + ("" if options.mode == "inference" else f", {format_bytes(memory.backward)} {options.bptt}"),
            "area": f"{totals.area_mm2:.4g} mm2",
        },
    )


def _spent(energy: Energy) -> str:
    """`2.4 mJ: 1.1 mJ work, ...`"""
    parts = ", ".join(f"{format_si(getattr(energy, kind) * 1e-12, 'J')} {kind}" for kind in KINDS)
    return f"{format_si(energy.total * 1e-12, 'J')}: {parts}"
