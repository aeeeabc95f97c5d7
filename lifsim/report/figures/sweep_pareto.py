"""The points of a sweep in the plane of two figures, and those of which none is better in both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lifsim.report.figures.sweep_rows import MARKERS, is_wide, named, ticks_in_units

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


def table(frame: pd.DataFrame, settings: Sequence[str], x: str, y: str) -> pd.DataFrame:
    """Every point: what varies in it, both figures, and whether it is on the front of the least of both."""
    points = frame[list(dict.fromkeys([*settings, x, y]))].copy()
    points["front"] = on_front(points[x].tolist(), points[y].tolist())
    return points.sort_values([x, y], kind="stable", ignore_index=True)


def on_front(xs: Sequence[float], ys: Sequence[float]) -> list[bool]:
    """Of each point, whether no other is at most as large in both and less in one."""
    best, front = float("inf"), [False] * len(xs)
    equal: tuple[float, float] | None = None
    for place in sorted(range(len(xs)), key=lambda place: (xs[place], ys[place])):
        point = xs[place], ys[place]
        if ys[place] < best or point == equal:
            best, equal, front[place] = ys[place], point, True
    return front


def draw(points: pd.DataFrame, x: str, y: str, by: str | None, values: Sequence[Any], axes: Axes) -> None:
    """All points, told apart by their `values` of `by`; the front as steps through its own."""
    from lifsim.report.figures.style import COLOURS, legend_outside

    for number, value in enumerate([None] if by is None else values):
        group = points if by is None else points[points[by] == value]
        label = None if by is None else named(by, value)
        colour, marker = COLOURS[number % len(COLOURS)], MARKERS[number % len(MARKERS)]
        axes.scatter(group[x], group[y], s=12, marker=marker, color=colour, alpha=0.6, linewidths=0, label=label)
    front = points[points["front"]]
    axes.step(front[x], front[y], where="post", color="black", linewidth=1, label="Pareto front")
    axes.scatter(front[x], front[y], s=18, facecolors="none", edgecolors="black", linewidths=0.8)
    if is_wide(points[x].tolist()):
        axes.set_xscale("log")
    if is_wide(points[y].tolist()):
        axes.set_yscale("log")
    for axis, column in ((axes.xaxis, x), (axes.yaxis, y)):
        ticks_in_units(axis, column)
    axes.tick_params(axis="x", rotation=30)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    legend_outside(axes, by)
