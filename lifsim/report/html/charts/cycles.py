"""Cycles of each layer, by cause."""

from __future__ import annotations

from lifsim.report.html.chart import Bars, Chart, Column, Series, Table
from lifsim.report.html.told import Told
from lifsim.report.quantities import CAUSES
from lifsim.units import counted


def chart(told: Told) -> Chart:
    """A bar per layer."""
    parts = told.parts("cycles")
    series = tuple(
        Series(CAUSES.get(name, name.replace("_", " ")), place, tuple(values))
        for place, (name, values) in enumerate(parts.items())
        if any(values)
    )
    total = told.totals.cycles.total
    most, name = max(zip(told.column("cycles.total"), told.layers, strict=True))
    waits = sum(sum(one.values) for one in series if one.name.startswith("waiting"))
    columns = (Column("layer"), *(Column(one.name, "") for one in series), Column("total", ""))
    rows = zip(told.layers, *(one.values for one in series), told.column("cycles.total"), strict=True)
    return Chart(
        key="cycles",
        title="Cycles of each layer, by cause",
        caption="Every cycle has one cause. Where the array waits for several things at once, the first one has it.",
        said=f"{counted(len(told.layers), 'layer')}, {total:,} cycles; {name} takes most, {most / max(total, 1):.1%}; "
        f"{waits / max(total, 1):.1%} of all wait for memory",
        mark=Bars("", told.layers, series),
        table=Table(columns, tuple(rows)),
    )
