"""fig7, memory halves: forward and backward memory, unshared and shared.

After figure 7 of EfficientLIF-Net (Kim et al., Front. Neurosci. 2023); the table is that of fig1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lifsim.report.figures.fig1 import PARTS
from lifsim.report.memory_table import phases

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

MIB = 1 << 20
PANELS = {
    "forward": "forward",
    "reversed": "backward, all reversed",
    "paper": "backward, paper's convention:\nunshared stored, shared reversed",
}
"""Like beside like, and the paper's comparison, by phase."""


def draw(frame: pd.DataFrame, panels: Sequence[Axes]) -> None:
    """One panel per phase, one stacked bar per sharing; below each bar how many times less the LIFs take."""
    from lifsim.report.figures.stack import stacked_bars
    from lifsim.report.figures.style import legend_outside

    named = phases()
    for (phase, title), axes in zip(PANELS.items(), panels, strict=True):
        rows = frame[frame["phase"] == named[phase]]
        positions = list(range(len(rows)))
        heights = {label: (rows[f"{part}_bytes"] / MIB).tolist() for part, label in PARTS.items()}
        totals = [f"{total / MIB:,.1f}" for total in rows["total_bytes"]]
        stacked_bars(axes, positions, heights, labels=totals)
        unshared = float(rows.loc[rows["sharing"] == "none", "lif_bytes"].iloc[0])
        less = [f"{unshared / own:.2f}x" if own else "-" for own in rows["lif_bytes"]]
        names = [name.replace("+", "+\n") for name in rows["sharing"]]
        axes.set_xticks(positions, [f"{ratio}\n{name}" for ratio, name in zip(less, names, strict=True)], fontsize=8)
        axes.set_xlabel("times less LIF memory, by LIF sharing")
        axes.set_title(title, fontsize=8)
        axes.set_ylabel("memory [MiB]")
    legend_outside(panels[-1])
