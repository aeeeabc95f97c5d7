"""roofline: what every layer achieves under the roofs of its array and of its DRAM.

Williams, Waterman & Patterson, "Roofline: an insightful visual performance model", CACM 52(4), 2009.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lifsim.accounting.counts import LayerCounts
from lifsim.accounting.machine import Machine
from lifsim.play.bound import bound
from lifsim.simulate.result import Result, Totals

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


def table(result: Result) -> pd.DataFrame:
    """One row a layer and one for the whole run.

    Dense multiply-accumulates, DRAM bytes, intensity (MACs per byte), and in MACs per second what is achieved and what
    is attainable, min(peak, intensity x bandwidth); how many PEs of the running array are busy. Under an ideal memory
    bandwidth is infinite.
    """
    import pandas as pd

    arch = result.arch
    peak = arch.array.pes * arch.clock_hz
    per_cycle = Machine.of(arch).dram_bytes_per_cycle
    bandwidth = float("inf") if per_cycle is None else float(per_cycle * arch.clock_hz)
    entries: list[tuple[str, LayerCounts | Totals]] = [(r.counts.name, r.counts) for r in result.records]
    rows = []
    for name, counts in [*entries, ("whole run", result.totals)]:
        macs, moved = counts.ops.macs_dense, counts.dram_bytes.total
        intensity = macs / moved
        rows.append(
            {
                "layer": name,
                "macs": macs,
                "dram_bytes": moved,
                "macs_per_byte": intensity,
                "macs_per_s": macs * arch.clock_hz / counts.cycles.total,
                "attainable_macs_per_s": min(peak, intensity * bandwidth),
                "peak_macs_per_s": peak,
                "bandwidth_bytes_per_s": bandwidth,
                "bound": bound(counts.cycles),
                "pe_utilisation": counts.pe_utilisation,
            }
        )
    return pd.DataFrame(rows)


def draw(frame: pd.DataFrame, axes: Axes) -> None:
    """Layers as points, coloured by what bounds them; the roofs as lines; the whole run as a star; below, the names of
    the numbers that `number` gives."""
    from matplotlib.ticker import NullFormatter

    from lifsim.report.figures.style import COLOURS, legend_outside

    peak, bandwidth = (float(frame[c].iloc[0]) for c in ("peak_macs_per_s", "bandwidth_bytes_per_s"))
    ridge = peak / bandwidth
    low = min(frame["macs_per_byte"].min(), ridge or frame["macs_per_byte"].min()) / 2
    high = max(frame["macs_per_byte"].max(), ridge) * 2
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.grid(axis="both")
    if ridge:
        axes.plot([low, ridge], [low * bandwidth, peak], "k-", linewidth=1, label=f"DRAM, {bandwidth / 1e9:.3g} GB/s")
    full = f"all PEs busy, {peak / 1e9:.3g} GMAC/s"
    axes.plot([max(low, ridge), high], [peak, peak], "k--", linewidth=1, label=full)
    layers, whole = frame.iloc[:-1], frame.iloc[-1]
    for (name, points), colour, marker in zip(layers.groupby("bound"), COLOURS, "osD^vP", strict=False):
        label = _words(str(name), points["pe_utilisation"])
        axes.plot(points["macs_per_byte"], points["macs_per_s"], marker, color=colour, markersize=4, label=label)
    axes.plot(whole["macs_per_byte"], whole["macs_per_s"], "*", color="black", markersize=9, label="whole run")
    axes.set_xlim(low, high)
    axes.set_ylim(10 ** math.floor(math.log10(frame["macs_per_s"].min())), 2 * peak)
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("MACs per DRAM byte")
    axes.set_ylabel("MACs per second")
    legend_outside(axes)
    axes.figure.supxlabel("\n".join(_named(layers["layer"])), fontsize=6)


def number(frame: pd.DataFrame, axes: Axes) -> None:
    """Number the layers, once the axes stand where they will."""
    import numpy as np

    from lifsim.report.figures.numbers import number_points

    peak, bandwidth = (float(frame[c].iloc[0]) for c in ("peak_macs_per_s", "bandwidth_bytes_per_s"))
    low, high = axes.get_xlim()
    ridge = max(low, peak / bandwidth)
    roofs = np.array([[low, min(peak, low * bandwidth)], [ridge, peak], [high, peak]])
    points = frame[["macs_per_byte", "macs_per_s"]].to_numpy(float)
    star = np.repeat(points[-1:], 2, axis=0)
    number_points(axes, points[:-1], roofs, star)


def height_in(frame: pd.DataFrame) -> float:
    """Of the figure: the plot, and the names below it."""
    return 2.7 + 0.11 * len(_named(frame["layer"].iloc[:-1]))


def _words(bound_by: str, utilisations: pd.Series[float]) -> str:
    """What bounds these layers; an array at work may be mostly empty."""
    if bound_by != "compute":
        return {"lif": "bound by LIF units", "writeback": "waiting for room to write"}.get(
            bound_by, f"waiting for {bound_by}"
        )
    least, most = (f"{100 * share:.0f}" for share in (utilisations.min(), utilisations.max()))
    busy = f"{least} %" if least == most else f"{least} to {most} %"
    return f"bound by array work,\n{busy} of its PEs busy"


def _named(names: pd.Series[str]) -> list[str]:
    """The layers by their numbers, in lines."""
    pieces = [f"{index} {name}" for index, name in enumerate(names, 1)]
    per_line = max(1, 110 // max(len(piece) + 3 for piece in pieces))
    return ["   ".join(pieces[first : first + per_line]) for first in range(0, len(pieces), per_line)]
