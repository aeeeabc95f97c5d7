"""Which part of a shared run's change is due to sharing, and which needs no sharing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lifsim.report.plain import Columns
from lifsim.simulate.result import Totals
from lifsim.sweeps.beside import Comparison, Step
from lifsim.units import change_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

_REGISTERS, _BUFFER = "membr. regs", "membr. buffer"


def beside_table(comparison: Comparison) -> Table:
    """One line per step: sharing's own effect first, then that of the LIF units and the schedule that come with it,
    then all together."""
    from rich import box

    from lifsim.report.terminal import table_of

    alike = f"; none alike has {comparison.likeness}" if comparison.likeness else ""
    table = table_of(_columns(comparison.steps, training=comparison.shared.options.mode == "training"))
    table.title = f"which part is due to sharing? {comparison.shared.sharing} against none{alike}"
    table.title_style = "bold"
    table.box, table.padding = box.SIMPLE_HEAD, (0, 1, 0, 0)
    return table


def brief_beside_columns(comparison: Comparison) -> Columns:
    """The part of the change that is sharing's own, and the whole change, for a few figures."""
    steps = (comparison.steps[0], *comparison.steps[1:][-1:])
    columns = _columns(steps, training=comparison.shared.options.mode == "training", left_out=(_REGISTERS, _BUFFER))
    return replace(columns, caption=f"none alike has {comparison.likeness}" if comparison.likeness else "")


def _columns(steps: Sequence[Step], *, training: bool, left_out: Sequence[str] = ()) -> Columns:
    quantities = [_quantities(step, training=training) for step in steps]
    names = [name for name in quantities[0] if name not in left_out]
    rows = ((step.says, *(values[name] for name in names)) for step, values in zip(steps, quantities, strict=True))
    return Columns(("change", *names), tuple(rows))


def _quantities(step: Step, *, training: bool) -> dict[str, str]:
    """How much more the first of both runs has, by what an architect decides by."""
    ours, theirs = (_figures(run.totals, training=training) for run in (step.ours, step.theirs))
    return {name: _change(value, theirs[name]) for name, value in ours.items()}


def _figures(totals: Totals, *, training: bool) -> dict[str, float]:
    buffer, fill, kept = totals.sram_accesses.membrane, totals.sram_accesses.membrane_fill, totals.membrane_registers
    memory = totals.lif_memory_bytes
    lif_memory = {"backward LIF memory": memory.backward} if training else {"LIF memory": memory.forward}
    return {
        "cycles": totals.cycles.total,
        "energy": totals.energy_pj.total.total,
        "DRAM": totals.dram_bytes.total,
        _REGISTERS: kept.reads + kept.writes,
        _BUFFER: sum(accesses.reads + accesses.writes for accesses in (buffer, fill)),
        **lif_memory,
        "area": totals.area_mm2,
    }


def _change(ours: float, theirs: float) -> str:
    if theirs:
        return change_text(ours / theirs - 1)
    return "new" if ours else "-"
