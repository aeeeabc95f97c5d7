"""fig1: what memory a spiking network takes in inference and in training: weights, LIF membranes, activations.

After figure 1 of EfficientLIF-Net (Kim et al., Front. Neurosci. 2023); lifsim.schedule.memory has the equations.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lifsim.report.memory_table import MemoryRow, phases
from lifsim.units import format_bytes

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

PARTS = {
    "weights": "weights",
    "lif": "LIF membranes",
    "activations": "activations",
    "optimizer": "optimizer's state",
}
SHOWN = ("forward", "stored")
"""Nothing is shared in it: nothing is recomputed."""


def parts_of(frame: pd.DataFrame) -> dict[str, str]:
    """Those of `PARTS` that take anything: an optimizer may keep nothing."""
    return {part: label for part, label in PARTS.items() if part != "optimizer" or frame["optimizer_bytes"].any()}


BEHIND_TEXT = {"boxstyle": "round,pad=0.1", "facecolor": "white", "edgecolor": "none", "alpha": 0.85}
"""Of a text over bars."""


def table(rows: Sequence[MemoryRow], shown: Sequence[str] = SHOWN) -> pd.DataFrame:
    """One row per row of `rows` and phase: bytes of each part, their sum, and each part's share of it."""
    import pandas as pd

    lines, named = [], phases()
    for row in rows:
        for phase in shown:
            found = row.phase(phase)
            line = {"workload": row.workload, "sharing": row.sharing, "timesteps": row.timesteps, "batch": row.batch}
            line |= {"phase": named[phase]} | {f"{part}_bytes": getattr(found, part) for part in PARTS}
            line |= {"total_bytes": found.total}
            lines.append(line | {f"{part}_share": getattr(found, part) / found.total for part in PARTS})
    return pd.DataFrame(lines)


def draw(frame: pd.DataFrame, axes: Axes) -> None:
    """One bar per phase, parted by shares; its total above it."""
    from lifsim.report.figures.stack import stacked_bars
    from lifsim.report.figures.style import legend_outside

    positions = list(range(len(frame)))
    shares = {label: (100 * frame[f"{part}_share"]).tolist() for part, label in parts_of(frame).items()}
    stacked_bars(axes, positions, shares, labels=[format_bytes(total) for total in frame["total_bytes"]])
    for position in positions:
        base = 0.0
        for heights in shares.values():
            share = heights[position]
            middle = (position, base + share / 2)
            axes.annotate(f"{share:.1f} %", middle, ha="center", va="center", fontsize=7, bbox=BEHIND_TEXT)
            base += share
    axes.set_xticks(positions, [phase.replace("_", ",\n") for phase in frame["phase"]])
    axes.set_ylabel("share of memory [%]")
    first = frame.iloc[0]
    axes.set_title(f"{first['workload']}, T={first['timesteps']}, batch {first['batch']}")
    legend_outside(axes)
