"""Stacked bars: what a total consists of, one bar beside the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def stacked_bars(
    axes: Axes,
    positions: Sequence[float],
    parts: Mapping[str, Sequence[float]],
    *,
    labels: Sequence[str] | None = None,
    width: float = 0.6,
) -> None:
    """Bars at `positions`, the `parts` (name: height in each bar) from the bottom up; above each bar its label, by
    default the total with two decimals."""
    from lifsim.report.figures.palette import COLOURS
    from lifsim.report.figures.style import HATCHES

    base = [0.0] * len(positions)
    for (name, heights), colour, hatch in zip(parts.items(), COLOURS, HATCHES, strict=False):
        axes.bar(positions, heights, width, bottom=base, label=name, color=colour, hatch=hatch, edgecolor="white")
        base = [b + h for b, h in zip(base, heights, strict=True)]
    texts = labels if labels is not None else [f"{total:.2f}" for total in base]
    for position, top, text in zip(positions, base, texts, strict=True):
        axes.annotate(text, (position, top), ha="center", va="bottom", fontsize="small")
    axes.set_ylim(0, 1.12 * max(base) or 1)
