"""How busy the ports of each buffer are, how full it is, and how long the array waits for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lifsim.simulate.result import Result
from lifsim.units import format_bytes

if TYPE_CHECKING:
    from rich.table import Table


def buffer_table(result: Result) -> Table | None:
    """One row a buffer; None if ports take no time."""
    if not result.buffers:
        return None
    from rich.table import Table

    table = Table(title="buffers", title_justify="left", title_style="bold", header_style="bold")
    table.add_column("buffer")
    for heading in ("read ports", "write ports", "peak", "of", "waits, array", "waits, DRAM"):
        table.add_column(heading, justify="right")
    cycles = result.totals.cycles.total
    for name, use in result.buffers.items():
        table.add_row(
            name,
            f"{use.read_utilisation:.1%}",
            f"{use.write_utilisation:.1%}",
            format_bytes(use.peak_bytes),
            format_bytes(use.usable_bytes),
            f"{use.port_stall_cycles / cycles:.1%}",
            f"{use.fill_stall_cycles / cycles:.1%}",
        )
    return table
