"""fig7, memory halves: forward and backward memory, unshared and shared.

After figure 7 of EfficientLIF-Net (Kim et al., Front. Neurosci. 2023). The backward pass stands in every way to keep
membranes, alike on both sides, beside the paper's convention; and what is left of its ratio at 8, 16 and 32 bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lifsim.report.figures.fig1 import parts_of
from lifsim.report.memory_table import MemoryRow, phases

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

MIB = 1 << 20
PANELS = {
    "forward": "forward",
    "stored": "backward, all stored",
    "reversed": "backward, all reversed,\nwith copies or forgotten bits",
    "recomputed": "backward, all recomputed,\nwith u' in flight",
    "paper": "backward, paper's convention:\nunshared stored, shared reversed without copies",
}
"""Like beside like, and the paper's comparison, by phase."""

WAYS = ("reversed", "recomputed", "paper")


def by_bits(rows: Sequence[MemoryRow]) -> pd.DataFrame:
    """LIF memory of the backward pass by sharing, bits of a membrane and phase: bytes, and how many times less than
    what the unshared network stores at these bits (empty of nothing)."""
    import pandas as pd

    lines = []
    for row in rows:
        for bits, ways in row.memory.by_bits.items():
            stored = ways["stored"].memory
            kept = {way: one.memory.backward for way, one in ways.items()} | {"paper": stored.paper_backward}
            for way, own in kept.items():
                line = {"workload": row.workload, "sharing": row.sharing, "timesteps": row.timesteps}
                line |= {"batch": row.batch, "phase": phases()[way], "membrane_bits": bits, "lif_bytes": own}
                lines.append(line | {"less_than_unshared_stored": stored.backward_baseline / own if own else None})
    return pd.DataFrame(lines)


def draw(frame: pd.DataFrame, panels: Sequence[Axes]) -> None:
    """One panel per phase, one stacked bar per sharing; below each bar how many times less the LIFs take."""
    from lifsim.report.figures.stack import stacked_bars
    from lifsim.report.figures.style import legend_outside

    named, parts = phases(), parts_of(frame)
    for (phase, title), axes in zip(PANELS.items(), panels, strict=False):
        rows = frame[frame["phase"] == named[phase]]
        positions = list(range(len(rows)))
        heights = {label: (rows[f"{part}_bytes"] / MIB).tolist() for part, label in parts.items()}
        totals = [f"{total:,.1f}" if total >= 10 else f"{total:.3g}" for total in rows["total_bytes"] / MIB]
        stacked_bars(axes, positions, heights, labels=totals)
        unshared = float(rows.loc[rows["sharing"] == "none", "lif_bytes"].iloc[0])
        less = [f"{unshared / own:.2f}x" if own and unshared else "-" for own in rows["lif_bytes"]]
        names = [name.replace("+", "+\n") for name in rows["sharing"]]
        axes.set_xticks(positions, [f"{ratio}\n{name}" for ratio, name in zip(less, names, strict=True)], fontsize=8)
        axes.set_xlabel("times less LIF memory, by LIF sharing")
        axes.set_title(title, fontsize=8)
        axes.set_ylabel("memory [MiB]")
    legend_outside(panels[2])


def draw_by_bits(frame: pd.DataFrame, axes: Axes) -> None:
    """How many times less than unshared and stored, a group of bars a sharing and width."""
    from lifsim.report.figures.style import COLOURS, HATCHES, legend_outside

    shown = frame[frame["sharing"] != "none"] if frame["sharing"].nunique() > 1 else frame
    groups = list(dict.fromkeys(zip(shown["sharing"], shown["membrane_bits"], strict=True)))
    width = 0.8 / len(WAYS)
    for number, (way, colour, hatch) in enumerate(zip(WAYS, COLOURS, HATCHES, strict=False)):
        less = shown.loc[shown["phase"] == phases()[way], "less_than_unshared_stored"].tolist()
        places = [place + (number - 1) * width for place in range(len(groups))]
        heights = [0 if ratio is None or ratio != ratio else ratio for ratio in less]
        axes.bar(places, heights, width, label=way, color=colour, hatch=hatch, edgecolor="white")
        for place, height in zip(places, heights, strict=True):
            text = f"{height:.1f}" if height else "0 B"
            axes.annotate(text, (place, height), ha="center", va="bottom", fontsize=6, rotation=90)
    names = [f"{bits}\n{sharing}" if bits == 16 else str(bits) for sharing, bits in groups]
    axes.set_xticks(range(len(groups)), [name.replace("+", "+\n") for name in names], fontsize=7)
    axes.set_xlabel("bits of a membrane, by LIF sharing (0 B: nothing is kept)")
    axes.set_ylabel("times less than unshared, stored")
    axes.set_ylim(0, 1.25 * float(shown["less_than_unshared_stored"].max() or 1))
    axes.set_title("LIF memory of the backward pass", fontsize=8)
    legend_outside(axes)
