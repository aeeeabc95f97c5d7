"""The stages of a training run as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lifsim.play.bound import stalls
from lifsim.simulate.result import Result
from lifsim.units import format_bytes, format_si

if TYPE_CHECKING:
    from rich.table import Table


def stage_table(result: Result) -> Table:
    """One row per stage: cycles, how many wait for memory, operations, DRAM bytes and energy of all layers."""
    from rich.table import Table

    table = Table(title=f"stages, sharing {result.sharing}, bptt {result.options.bptt}", title_justify="left")
    table.add_column("stage")
    for heading in ("cycles", "waiting", "MACs, effective", "LIF, gradient updates", "DRAM", "energy", "of it work"):
        table.add_column(heading, justify="right")
    for name, stage in result.stages.items():
        ops, waiting = stage.ops, sum(stalls(stage.cycles).values()) / max(1, stage.cycles.total)
        table.add_row(
            name.replace("_", " "),
            f"{stage.cycles.total:,}",
            f"{waiting:.1%}",
            f"{ops.macs_effective:,}",
            f"{ops.lif_updates + ops.pgu_updates:,}",
            format_bytes(stage.dram_bytes.total),
            format_si(stage.energy_pj.total.total * 1e-12, "J"),
            format_si(stage.energy_pj.total.work * 1e-12, "J"),
        )
    return table
