"""Throughput of every layer under the roofs of array and DRAM."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from lifsim.play.bound import in_words
from lifsim.report.figures.roofline import Roofs, bound_words, name_ranges, table
from lifsim.report.html.chart import Absent, Chart, Cloud, Column, Line, Points, Table
from lifsim.report.html.told import Told
from lifsim.units import format_si

if TYPE_CHECKING:
    import pandas as pd

KEYS = ("layer", "macs", "dram_bytes", "macs_per_s", "attainable_macs_per_s", "pe_utilisation", "bound")
"""Columns of its table, but for MACs per byte."""
NEAR = 50
"""Parts of a decade: points in the same one are drawn as one."""
TITLE = "Roofline: MACs per second over MACs per DRAM byte"


def chart(told: Told) -> Chart | Absent:
    """One point per layer, and a larger one for the whole run."""
    if told.result is None:
        return Absent(TITLE, told.why_not)
    if not all(told.column("dram_bytes.total")):
        return Absent(TITLE, "a layer moves nothing to or from DRAM")
    frame, roofs = table(told.result), Roofs.of(told.result)
    peak, bandwidth = (float(frame[name].iloc[0]) for name in ("peak_macs_per_s", "bandwidth_bytes_per_s"))
    layers, whole = frame.iloc[:-1], frame.iloc[-1]
    layers = layers[layers["macs"] > 0]
    if layers.empty:
        return Absent(TITLE, "no layer multiplies")
    clouds = [
        Cloud(
            bound_words(str(name), some["pe_utilisation"]),
            place,
            tuple(_together(some, list(layers["layer"]))),
        )
        for place, (name, some) in enumerate(layers.groupby("bound"))
    ]
    clouds.append(
        Cloud("whole run", 7, ((float(whole["macs_per_byte"]), float(whole["macs_per_s"]), "whole run"),), whole=True)
    )
    ridge = peak / bandwidth
    least, most = (float(found(layers["macs_per_byte"])) for found in (min, max))
    low = 10 ** math.floor(math.log10(min(least, ridge or least)))
    high = 10 ** math.ceil(math.log10(max(most, ridge)))
    lines = [Line(f"{roofs.array}: {format_si(peak, 'MAC/s')}", ((max(low, ridge), peak), (high, peak)), dashed=True)]
    if ridge:
        slope = ((low, low * bandwidth), (ridge, peak))
        lines.insert(0, Line(f"{roofs.memory}: {format_si(bandwidth, 'B/s')}", slope, dashed=False))
    columns = (
        Column("layer"), Column(roofs.macs, ""), Column("DRAM bytes", "B"), Column(f"{roofs.macs} per byte"),
        Column("achieved", "MAC/s"), Column("attainable", "MAC/s"), Column("PEs busy", "share"), Column("bound by"),
    )  # fmt: skip
    intensities = [f"{value:.4g}" for value in frame["macs_per_byte"]]
    cells = (frame[name].tolist() for name in KEYS)
    rows = [
        (layer, macs, moved, intensity, *others, in_words(str(bound)))
        for intensity, (layer, macs, moved, *others, bound) in zip(intensities, zip(*cells, strict=True), strict=True)
    ]
    share = float(whole["macs_per_s"]) / float(whole["attainable_macs_per_s"])
    return Chart(
        key="roofline",
        title=TITLE,
        caption="Multiply-accumulates that take a PE's cycle: where zeros are skipped those on ones, else all. "
        "Williams, Waterman and Patterson, CACM 52(4), 2009.",
        said=f"the whole run achieves {format_si(float(whole['macs_per_s']), 'MAC/s')}, {share:.1%} of what its array "
        "and its DRAM would let it",
        mark=Points(f"{roofs.macs} per DRAM byte", "throughput", "MAC/s", tuple(clouds), tuple(lines)),
        table=Table(columns, tuple(rows)),
    )


def _together(some: pd.DataFrame, names: list[str]) -> Iterator[tuple[float, float, str]]:
    """(MACs per byte, MACs per second, names) of points, those as one that lie on each other."""
    crowds: dict[tuple[int, int], list[tuple[float, float, int]]] = {}
    columns = (some[name].tolist() for name in ("macs_per_byte", "macs_per_s", "layer"))
    for x, y, name in zip(*columns, strict=True):
        place = round(math.log10(x) * NEAR), round(math.log10(y) * NEAR)
        crowds.setdefault(place, []).append((x, y, names.index(name) + 1))
    for crowd in crowds.values():
        yield crowd[0][0], crowd[0][1], name_ranges(names, [number for _, _, number in crowd])
