"""A figure of a sweep against one of its axes: a line per value of another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lifsim.report.figures.sweep_rows import DASHES, MARKERS, in_order, is_wide, least_over, named, ticks_in_units

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


def table(frame: pd.DataFrame, x: str, y: str, by: str | None) -> pd.DataFrame:
    """One row per value of `by` and `x`: the least and the most of `y` over all points there, and their count."""
    keys = [x] if by is None else [by, x]
    grouped = frame.groupby(keys, sort=False, dropna=False)[y].agg(["min", "max", "count"]).reset_index()
    order = [{value: place for place, value in enumerate(in_order(frame[key]))} for key in keys]
    places = [tuple(order[n][row[key]] for n, key in enumerate(keys)) for _, row in grouped.iterrows()]
    ranked = grouped.iloc[sorted(range(len(grouped)), key=places.__getitem__)].reset_index(drop=True)
    return ranked.rename(columns={"min": y, "max": f"{y}.most", "count": "points"})


def draw(lines: pd.DataFrame, x: str, y: str, by: str | None, over: Sequence[str], axes: Axes) -> None:
    """Lines through the least; a band up to the most where points differ in more than is shown."""
    from lifsim.report.figures.style import COLOURS, legend_outside

    groups: list[tuple[Any, Any]] = [(None, lines)] if by is None else list(lines.groupby(by, sort=False))
    numeric = all(isinstance(value, int | float) for value in lines[x])
    places = {value: place for place, value in enumerate(in_order(lines[x]))}
    for number, (value, group) in enumerate(groups):
        at = group[x].tolist() if numeric else [places[found] for found in group[x]]
        colour = COLOURS[number % len(COLOURS)]
        label = None if by is None else named(by, value)
        marker, dashes = MARKERS[number % len(MARKERS)], DASHES[number % len(DASHES)]
        axes.plot(at, group[y], dashes, marker=marker, markersize=4, color=colour, label=label)
        if over:
            axes.fill_between(at, group[y], group[f"{y}.most"], color=colour, alpha=0.15, linewidth=0)
    _scale(lines[x].tolist(), numeric, list(places), x, axes)
    if is_wide([*lines[y], *lines[f"{y}.most"]]):
        axes.set_yscale("log")
    else:
        axes.set_ylim(bottom=0)
    ticks_in_units(axes.yaxis, y)
    axes.set_ylabel(f"{y}\n{least_over(over)}" if over else y)
    if by is not None:
        legend_outside(axes, by)


def _scale(values: Sequence[Any], numeric: bool, names: Sequence[Any], x: str, axes: Axes) -> None:
    """The values themselves as ticks, as far as they are few."""
    axes.set_xlabel(x)
    if numeric and is_wide(values):
        axes.set_xscale("log", base=2)
        axes.minorticks_off()
    if not numeric:
        axes.set_xticks(range(len(names)), [named(x, name) for name in names])
    elif len(names) <= 10:
        axes.set_xticks(names, [named(x, name) for name in names], rotation=45, ha="right", rotation_mode="anchor")
    else:
        ticks_in_units(axes.xaxis, x)
