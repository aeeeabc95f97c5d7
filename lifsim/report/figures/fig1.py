"""fig1: the memory that a spiking network takes in inference and in training: weights, LIF membranes, activations.

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
    """The `PARTS` that take any memory: an optimizer may keep nothing."""
    return {part: label for part, label in PARTS.items() if part != "optimizer" or frame["optimizer_bytes"].any()}


BEHIND_TEXT = {"boxstyle": "round,pad=0.1", "facecolor": "white", "edgecolor": "none", "alpha": 0.85}
"""Of a text over bars."""

THIN_PERCENT = 8.0
"""Parts of a bar that are no higher than their text."""


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
    """One bar per phase, parted by shares, each of which is told in its part, or beside it where that is too thin; the
    total above."""
    from lifsim.report.figures.stack import stacked_bars

    positions = list(range(len(frame)))
    shares = {label: (100 * frame[f"{part}_share"]).tolist() for part, label in parts_of(frame).items()}
    stacked_bars(axes, positions, shares, labels=[format_bytes(total) for total in frame["total_bytes"]])
    for position in positions:
        _label_parts(axes, position, [heights[position] for heights in shares.values()])
    axes.set_xticks(positions, [_phase_text(phase) for phase in frame["phase"]])
    axes.set_xlim(-0.5, len(frame) - 0.3)
    axes.set_ylabel("share of memory [%]")


def _label_parts(axes: Axes, position: int, shares: Sequence[float]) -> None:
    base, beside = 0.0, -THIN_PERCENT
    for share in shares:
        middle, text = base + share / 2, f"{share:.1f} %"
        base += share
        if share >= THIN_PERCENT:
            axes.annotate(text, (position, middle), ha="center", va="center", fontsize="small", bbox=BEHIND_TEXT)
        elif share:
            beside = max(middle, beside + THIN_PERCENT)
            axes.annotate(text, (position + 0.32, beside), ha="left", va="center", fontsize="small")


def _phase_text(phase: str) -> str:
    direction, _, way = phase.partition("_")
    return f"{direction}\n({way})" if way else direction
