"""DRAM bytes of each layer, by tensor."""

from __future__ import annotations

from lifsim.report.figures.palette import COLOURS
from lifsim.report.html.chart import Absent, Bars, Chart, Column, Series, Table
from lifsim.report.html.told import Told
from lifsim.units import format_bytes

TENSORS = {"psum": "partial sums", "residual": "residual branches"}
"""Names of parts of `dram_bytes` that differ from their keys."""


def chart(told: Told) -> Chart | Absent:
    """A bar per layer."""
    title = "DRAM bytes of each layer, by tensor"
    parts = told.parts("dram_bytes")
    moved = {name: values for name, values in parts.items() if any(values)}
    # A tensor has its colour in all runs, unless there are more than colours.
    places = list(parts if len(parts) <= len(COLOURS) else moved)
    series = tuple(Series(tensor_words(name), places.index(name), tuple(values)) for name, values in moved.items())
    if not series:
        return Absent(title, "nothing is moved to or from DRAM")
    sums = {one.name: sum(one.values) for one in series}
    total = sum(sums.values())
    columns = (Column("layer"), *(Column(one.name, "B") for one in series), Column("total", "B"))
    rows = zip(told.layers, *(one.values for one in series), told.column("dram_bytes.total"), strict=True)
    shares = ", ".join(f"{name} {moved / total:.1%}" for name, moved in sums.items())
    return Chart(
        key="dram",
        title=title,
        caption="Read and written, of the whole batch and all timesteps.",
        said=f"{format_bytes(total)}: {shares}",
        mark=Bars("B", told.layers, series),
        table=Table(columns, tuple(rows)),
    )


def tensor_words(name: str) -> str:
    """The name of a part of `dram_bytes`."""
    return TENSORS.get(name, name.replace("_", " "))
