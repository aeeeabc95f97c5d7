"""roofline: throughput of every layer under the roofs of array and DRAM.

Williams, Waterman & Patterson, "Roofline: an insightful visual performance model", CACM 52(4), 2009.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lifsim.accounting.counts import LayerCounts
from lifsim.accounting.machine import Machine
from lifsim.hardware.array.built import sparsity_of
from lifsim.lazy_dataclass import dataclass
from lifsim.play.bound import bound
from lifsim.report.figures.numbers import ranges_of
from lifsim.report.figures.scales import tick_in_units
from lifsim.report.figures.words import Unit, labelled
from lifsim.simulate.result import Result, Totals
from lifsim.units import format_si

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

MOST_NAMED, LONGEST_NAMED = 24, 10
"""Layers, and characters of a name, up to which names stand beside the points; else numbers do."""
_STEM = re.compile(r"(?<=\D)[1-9][0-9]*$|(?<=\D)0$", re.ASCII)


def table(result: Result) -> pd.DataFrame:
    """One row a layer and one for the whole run.

    Multiply-accumulates that take a PE's cycle (all of them, where the array skips zeros those on ones), DRAM bytes,
    intensity (MACs per byte), and in MACs per second what is achieved and what is attainable, min(peak, intensity x
    bandwidth); how many PEs of the running array are busy. Under an ideal memory bandwidth is infinite.
    """
    import pandas as pd

    arch = result.arch
    peak = arch.array.pes * arch.clock_hz
    per_cycle = Machine.of(arch).dram_bytes_per_cycle
    bandwidth = float("inf") if per_cycle is None else float(per_cycle * arch.clock_hz)
    skips = sparsity_of(arch.array).skips
    layers = [record.counts for record in result.records]
    entries: list[tuple[str, int, LayerCounts | Totals]] = [
        (one.name, one.occupying(skips=skips), one) for one in layers
    ]
    rows = []
    for name, macs, counts in [*entries, ("whole run", sum(macs for _, macs, _ in entries), result.totals)]:
        moved = counts.dram_bytes.total
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


@dataclass(frozen=True)
class Roofs:
    """What the lines of a machine are called, and what stands under them: MACs, or those that it does not skip."""

    memory: str
    array: str
    macs: str

    @classmethod
    def of(cls, result: Result) -> Roofs:
        """`DRAM lpddr3_1600_x32`, `16 x 8 PEs at 400 MHz`, `MACs`."""
        arch = result.arch
        device, array = arch.dram.device, arch.array
        memory = f"DRAM ({arch.dram.model} model)" if device is None else f"DRAM {device.name}"
        macs = "effective MACs" if sparsity_of(array).skips else "MACs"
        return cls(memory, f"all {array.rows} x {array.cols} PEs busy at {format_si(arch.clock_hz, 'Hz')}", macs)


def draw(frame: pd.DataFrame, roofs: Roofs, axes: Axes) -> None:
    """Layers as points, coloured by what bounds them; the roofs as lines; the whole run as a star."""
    from lifsim.report.figures.palette import COLOURS
    from lifsim.report.figures.style import points

    peak, bandwidth = (float(frame[c].iloc[0]) for c in ("peak_macs_per_s", "bandwidth_bytes_per_s"))
    ridge = peak / bandwidth
    low = min(frame["macs_per_byte"].min(), ridge or frame["macs_per_byte"].min()) / 2
    high = max(frame["macs_per_byte"].max(), ridge) * 2
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.grid(axis="both")
    if ridge:
        named = f"{roofs.memory}: {format_si(bandwidth, 'B/s')}"
        axes.plot([low, ridge], [low * bandwidth, peak], "k-", label=named)
    full = f"{roofs.array}: {format_si(peak, 'MAC/s')}"
    axes.plot([max(low, ridge), high], [peak, peak], "k--", label=full)
    layers, whole = frame.iloc[:-1], frame.iloc[-1]
    for (name, some), colour, marker in zip(layers.groupby("bound"), COLOURS, "osD^vP", strict=False):
        label = bound_words(str(name), some["pe_utilisation"])
        axes.plot(some["macs_per_byte"], some["macs_per_s"], marker, color=colour, label=label)
    axes.plot(whole["macs_per_byte"], whole["macs_per_s"], "*", color="black", markersize=points(9), label="whole run")
    axes.set_xlim(low, high)
    axes.set_ylim(10 ** math.floor(math.log10(frame["macs_per_s"].min())), 2 * peak)
    tick_in_units(axes.xaxis, Unit())
    unit = tick_in_units(axes.yaxis, Unit("MAC/s", prefixed=True))
    axes.set_xlabel(f"operational intensity [{roofs.macs} per DRAM byte]")
    axes.set_ylabel(labelled("throughput", unit))


def name_points(frame: pd.DataFrame, axes: Axes) -> None:
    """Name the layers, or number them where `named` tells the numbers, once the axes stand where they will."""
    import numpy as np

    from lifsim.report.figures.numbers import label_points, ranges

    peak, bandwidth = (float(frame[c].iloc[0]) for c in ("peak_macs_per_s", "bandwidth_bytes_per_s"))
    low, high = axes.get_xlim()
    ridge = max(low, peak / bandwidth)
    roofs = np.array([[low, min(peak, low * bandwidth)], [ridge, peak], [high, peak]])
    points = frame[["macs_per_byte", "macs_per_s"]].to_numpy(float)
    star = np.repeat(points[-1:], 2, axis=0)
    names = frame["layer"].iloc[:-1].tolist()
    naming = ranges if _are_long(names) else lambda numbers: name_ranges(names, numbers)
    label_points(axes, points[:-1], naming, roofs, star)


def name_ranges(names: Sequence[str], numbers: Sequence[int]) -> str:
    """`conv1, conv4-6` of the layers so numbered, from 1: those behind each other whose names count up are one."""
    found: list[str] = []
    for part in ranges_of(numbers):
        first, last = names[part[0] - 1], names[part[-1] - 1]
        stem = _STEM.sub("", first)
        counted = [f"{stem}{int(first[len(stem) :]) + step}" for step in range(len(part))] if first != stem else []
        found += [f"{first}-{last[len(stem):]}"] if counted == names[part[0] - 1 : part[-1]] and len(part) > 1 else [
            names[number - 1] for number in part
        ]  # fmt: skip
    return ", ".join(found)


def named(frame: pd.DataFrame) -> str:
    """The layers by their numbers, where their names are too long to stand in the figure."""
    names = frame["layer"].iloc[:-1].tolist()
    return ", ".join(f"{index} {name}" for index, name in enumerate(names, 1)) if _are_long(names) else ""


def _are_long(names: Sequence[str]) -> bool:
    return len(names) > MOST_NAMED or max(map(len, names)) > LONGEST_NAMED


def bound_words(bound_by: str, utilisations: pd.Series[float]) -> str:
    """What bounds these layers, with the share of busy PEs, since a working array may be mostly empty."""
    if bound_by != "compute":
        return "bound by LIF units" if bound_by == "lif" else f"waiting for {bound_by}"
    least, most = (f"{100 * share:.0f}" for share in (utilisations.min(), utilisations.max()))
    busy = f"{least} %" if least == most else f"{least} to {most} %"
    return f"bound by array work, {busy} of its PEs busy"
