"""What sharing does to DRAM traffic under one schedule and the other: never one comparison alone.

Layers that share membranes take turns, timestep by timestep, and fetch their weights again and again; unshared ones
need not. So the sign of what sharing saves depends on what it is compared with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lifsim.model.sharing import Sharing
from lifsim.report.dram_table import dram_rows
from lifsim.simulate.result import Result
from lifsim.units import format_bytes

if TYPE_CHECKING:
    from rich.table import Table


def schedule_table(result: Result, baseline: Result | None) -> Table | None:
    """DRAM bytes of a shared run's network beside `none`, under `tick`, `timestep` and the run's own schedule; None
    where every layer is tick-batched, so that there is nothing to compare."""
    if baseline is None or result.plan is None or result.stages:
        return None
    if all(group.tick_batched for group in result.plan.groups):
        return None
    from rich.table import Table

    moved = _bytes(result, baseline)
    table = Table(title="DRAM, schedule by schedule", title_justify="left", title_style="bold", header_style="bold")
    table.add_column("schedule")
    for heading in (str(result.sharing), "none", "change", "against none, tick"):
        table.add_column(heading, justify="right")
    reference = moved["tick"][1]
    for schedule, (shared, unshared) in moved.items():
        changes = (f"{100 * (shared / other - 1):+.1f} %" for other in (unshared, reference))
        table.add_row(schedule, format_bytes(shared), format_bytes(unshared), *changes)
    return table


def _bytes(result: Result, baseline: Result) -> dict[str, tuple[int, int]]:
    """(shared, unshared) by schedule."""
    batch = result.options.batch or 1
    pair = [result.sharing, Sharing()]
    rows = dram_rows([result.network], pair, ["tick", "timestep"], [batch], result.arch)
    moved = {(row.schedule, row.sharing): row.dram.total for row in rows}
    found = {name: (moved[name, str(pair[0])], moved[name, "none"]) for name in ("tick", "timestep")}
    if result.options.schedule == "auto":
        found["auto"] = result.totals.dram_bytes.total, baseline.totals.dram_bytes.total
    return found
