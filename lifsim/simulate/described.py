"""A result in a few lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lifsim.brief import Brief
from lifsim.simulate.bound import bound
from lifsim.units import format_bytes, format_si

if TYPE_CHECKING:
    from lifsim.simulate.result import Result


def result_brief(result: Result) -> Brief:
    """What an architect looks at first, with units."""
    totals, options, array = result.totals, result.options, result.arch.array
    memory, network = totals.lif_memory_bytes, result.network
    return Brief(
        result.name,
        {
            "network": f"{network.name}, T={network.timesteps}, batch {options.batch}, {options.mode}",
            "architecture": f"{result.arch.name}, {array.rows} x {array.cols} PEs, {array.dataflow}, {array.sparsity}",
            "sharing": f"{result.sharing}, schedule {options.schedule}",
            "cycles": f"{totals.cycles.total:,}, bound by {bound(totals.cycles)}",
            "time": format_si(totals.time_s, "s"),
            "PE utilisation": f"{totals.pe_utilisation:.1%}",
            "energy": format_si(totals.energy_pj.total.total * 1e-12, "J"),
            "DRAM": format_bytes(totals.dram_bytes.total),
            "LIF memory": f"{format_bytes(memory.forward)} forward, {format_bytes(memory.backward)} backward",
            "area": f"{totals.area_mm2:.4g} mm2",
        },
    )
