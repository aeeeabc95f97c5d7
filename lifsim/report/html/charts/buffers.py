"""Buffers: how full each gets, and how large it is."""

from __future__ import annotations

from lifsim.report.html.chart import Absent, Bars, Chart, Column, Series, Table
from lifsim.report.html.told import Told
from lifsim.units import format_bytes

WORDS = {
    "weight": "weights",
    "spike_in": "spikes in",
    "spike_out": "spikes out",
    "membrane": "membranes",
    "psum": "partial sums",
}
"""What each buffer holds."""


def chart(told: Told) -> Chart | Absent:
    """Two bars per buffer."""
    title = "Buffers: what they hold at most, and their size"
    found = told.tree.get("buffers")
    if not found:
        why = "training has only sums over its stages" if told.training else "this memory takes no time"
        return Absent(title, why)
    names = tuple(WORDS.get(name, name) for name in found)
    peak, size = (tuple(use[key] for use in found.values()) for key in ("peak_bytes", "usable_bytes"))
    cycles = max(told.totals.cycles.total, 1)
    shares = ("read ports busy", "write ports busy", "array waits for its ports", "DRAM waits for them")
    sizes = (Column("held at most", "B"), Column("usable size", "B"))
    columns = (Column("buffer of"), *sizes, *(Column(name, "share") for name in shares))
    rows = [
        (
            name, use["peak_bytes"], use["usable_bytes"], use["read_utilisation"], use["write_utilisation"],
            use["port_stall_cycles"] / cycles, use["fill_stall_cycles"] / cycles,
        )
        for name, use in zip(names, found.values(), strict=True)
    ]  # fmt: skip
    full = [name for name, held, room in zip(names, peak, size, strict=True) if held >= room > 0]
    unused = [name for name, held in zip(names, peak, strict=True) if not held]
    said = [
        f"{name}: {format_bytes(held)} of {format_bytes(room)}"
        for name, held, room in zip(names, peak, size, strict=True)
    ]
    said += [f"full: {', '.join(full)}"] * bool(full) + [f"never used: {', '.join(unused)}"] * bool(unused)
    return Chart(
        key="buffers",
        title=title,
        caption="A full buffer cuts the work into tiles as large as it takes; of a double-buffered one half is usable. "
        "Held at most: what stays, the tile at work, and spikes that go from layer to layer on chip.",
        said="; ".join(said),
        mark=Bars("B", names, (Series("held at most", 0, peak), Series("usable size", 4, size)), stacked=False),
        table=Table(columns, tuple(rows)),
    )
