"""roofline: what every layer achieves under the roofs of its array and of its DRAM.

Williams, Waterman & Patterson, "Roofline: an insightful visual performance model", CACM 52(4), 2009.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lifsim.accounting.counts import LayerCounts
from lifsim.accounting.machine import Machine
from lifsim.simulate.bound import bound
from lifsim.simulate.result import Result, Totals

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


def table(result: Result) -> pd.DataFrame:
    """One row a layer and one for the whole run.

    Dense multiply-accumulates, DRAM bytes, intensity (MACs per byte), and in MACs per second what is achieved and what
    is attainable, min(peak, intensity x bandwidth). Under an ideal memory bandwidth is infinite.
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
            }
        )
    return pd.DataFrame(rows)


def draw(frame: pd.DataFrame, axes: Axes) -> None:
    """Layers as points, coloured by what bounds them; the roofs as lines; the whole run as a star."""
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
        axes.plot([low, ridge], [low * bandwidth, peak], "k-", linewidth=1, label=f"{bandwidth / 1e9:.3g} GB/s")
    axes.plot([max(low, ridge), high], [peak, peak], "k--", linewidth=1, label=f"{peak / 1e9:.3g} GMAC/s")
    layers, whole = frame.iloc[:-1], frame.iloc[-1]
    for (name, points), colour, marker in zip(layers.groupby("bound"), COLOURS, "osD^vP", strict=False):
        label = f"bound by {'LIF units' if name == 'lif' else str(name)}"
        axes.plot(points["macs_per_byte"], points["macs_per_s"], marker, color=colour, markersize=4, label=label)
    axes.plot(whole["macs_per_byte"], whole["macs_per_s"], "*", color="black", markersize=9, label="whole run")
    axes.set_ylim(10 ** math.floor(math.log10(frame["macs_per_s"].min())), 2 * peak)
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("MACs per DRAM byte")
    axes.set_ylabel("MACs per second")
    legend_outside(axes)
