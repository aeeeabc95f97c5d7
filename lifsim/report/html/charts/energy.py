"""Energy of each component: work, idling, standing."""

from __future__ import annotations

from lifsim.accounting.energy import KINDS
from lifsim.report.energy_table import parts_of
from lifsim.report.html.chart import Bars, Chart, Column, Series, Table
from lifsim.report.html.told import Told
from lifsim.units import format_si

COLOURS = {"work": 0, "idle": 1, "standing": 4}
"""By what energy is spent on, places in the palette."""


def chart(told: Told) -> Chart:
    """A bar per component."""
    energy = told.totals.energy_pj
    spent = {name.replace("_", " "): one for name, one in parts_of(energy) if one.total}
    names = tuple(spent)
    series = tuple(
        Series(kind, COLOURS[kind], tuple(float(getattr(one, kind)) for one in spent.values())) for kind in KINDS
    )
    series = tuple(one for one in series if any(one.values))
    total = energy.total.total
    columns = (
        Column("component"),
        *(Column(kind, "pJ") for kind in KINDS),
        Column("total", "pJ"),
        Column("of all", "share"),
    )
    rows = [
        (name, *(float(getattr(one, kind)) for kind in KINDS), one.total, one.total / total)
        for name, one in spent.items()
    ]
    rows.append(("total", *(getattr(energy.total, kind) for kind in KINDS), total, 1.0 if total else 0.0))
    most = max(spent, key=lambda name: spent[name].total, default="")
    share = f"; {most} takes most, {spent[most].total / total:.1%}" if most else ""
    return Chart(
        key="energy",
        title="Energy of each component",
        caption="Work: of what is done. Idle: of logic that toggles without work. Standing: leakage, refresh and "
        "background, for as long as the run takes.",
        said=f"{format_si(total * 1e-12, 'J')} in all{share}",
        mark=Bars("pJ", names, series),
        table=Table(columns, tuple(rows)),
    )
