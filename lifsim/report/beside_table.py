"""What of a shared run's change is sharing, and what needs no sharing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lifsim.simulate.result import Totals
from lifsim.sweeps.beside import Comparison, Step
from lifsim.units import change_text

if TYPE_CHECKING:
    from rich.table import Table


def beside_table(comparison: Comparison) -> Table:
    """A line a step: sharing's own first, then the LIF units and the schedule that come with it, then all together."""
    from rich import box
    from rich.table import Table

    alike = f"; none alike has {comparison.likeness}" if comparison.likeness else ""
    title = f"what of this is sharing? {comparison.shared.sharing} against none{alike}"
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.show_edge = table.pad_edge = False
    table.header_style = "bold"
    table.add_column("", min_width=14)
    quantities = [_quantities(step, comparison) for step in comparison.steps]
    for name in quantities[0]:
        table.add_column(name, justify="right", no_wrap=True)
    for step, values in zip(comparison.steps, quantities, strict=True):
        table.add_row(step.says, *values.values())
    return table


def _quantities(step: Step, comparison: Comparison) -> dict[str, str]:
    """How much more the first of both runs has, by what an architect decides by."""
    ours, theirs = _figures(step.ours.totals), _figures(step.theirs.totals)
    if comparison.shared.options.mode == "training":
        for figures, run in ((ours, step.ours), (theirs, step.theirs)):
            figures["LIF\nmemory"] = run.totals.lif_memory_bytes.backward
    return {name: _change(value, theirs[name]) for name, value in ours.items()}


def _figures(totals: Totals) -> dict[str, float]:
    buffer, fill, kept = totals.sram_accesses.membrane, totals.sram_accesses.membrane_fill, totals.membrane_registers
    return {
        "cycles": totals.cycles.total,
        "energy": totals.energy_pj.total.total,
        "DRAM": totals.dram_bytes.total,
        "membr.\nregs": kept.reads + kept.writes,
        "membr.\nbuffer": sum(accesses.reads + accesses.writes for accesses in (buffer, fill)),
        "LIF\nmemory": totals.lif_memory_bytes.forward,
        "area": totals.area_mm2,
    }


def _change(ours: float, theirs: float) -> str:
    if theirs:
        return change_text(ours / theirs - 1)
    return "new" if ours else "-"
