"""A figure of a sweep against one of its axes: a line per value of another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lifsim.lazy_dataclass import dataclass
from lifsim.report.figures.scales import is_wide, tick_in_units
from lifsim.report.figures.sweep_rows import in_order, names_of, with_texts
from lifsim.report.figures.together import Line, draw_lines, joined
from lifsim.report.figures.words import beside_texts, label_of, unit_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


FEW, ROOM = 10, 36
"""Up to so many values each has a tick; characters of ticks that stand side by side."""
HEADROOM = 1.08
"""The end of an axis from 0, in largest values: no point lies on the figure's edge, however little they differ."""


@dataclass(frozen=True)
class Shown:
    """The columns that a figure shows: along its axes, by colour; over: those over which it takes the least."""

    x: str
    y: str
    by: str | None = None
    over: Sequence[str] = ()


def table(frame: pd.DataFrame, x: str, y: str, by: str | None) -> pd.DataFrame:
    """One row per value of `by` and `x`: the least and the most of `y` over all points there, and their count."""
    keys = [x] if by is None else [by, x]
    groups = frame.groupby(keys, sort=False, dropna=False, observed=True)[y]
    grouped = with_texts(groups.agg(["min", "max", "count"]).reset_index())
    order = [{value: place for place, value in enumerate(in_order(frame[key]))} for key in keys]
    places = [tuple(order[n][row[key]] for n, key in enumerate(keys)) for _, row in grouped.iterrows()]
    ranked = grouped.iloc[sorted(range(len(grouped)), key=places.__getitem__)].reset_index(drop=True)
    return ranked.rename(columns={"min": y, "max": f"{y}.most", "count": "points"})


def draw(lines: pd.DataFrame, shown: Shown, axes: Axes) -> None:
    """Lines through the least; a band up to the most where points differ in more than is shown. Those of the same
    points are one line of several names."""
    from lifsim.report.figures.palette import COLOURS

    x, y = shown.x, shown.y
    groups: list[tuple[Any, Any]] = [(None, lines)] if shown.by is None else list(lines.groupby(shown.by, sort=False))
    names = [""] if shown.by is None else names_of(shown.by, [value for value, _ in groups])
    numeric = all(isinstance(value, int | float) for value in lines[x])
    places = {value: place for place, value in enumerate(in_order(lines[x]))}
    found = []
    for number, (name, (_, group)) in enumerate(zip(names, groups, strict=True)):
        at = group[x].tolist() if numeric else [places[value] for value in group[x]]
        found.append(Line(name, at, group[y].tolist()))
        if shown.over:
            colour = COLOURS[number % len(COLOURS)]
            axes.fill_between(at, group[y], group[f"{y}.most"], color=colour, alpha=0.15, linewidth=0)
    draw_lines(axes, found if shown.over else joined(found))
    if is_wide([*lines[y], *lines[f"{y}.most"]]):
        axes.set_yscale("log")
    else:
        top = float(lines[f"{y}.most"].max())
        axes.set_ylim(0, HEADROOM * top if top > 0 else 1)
    axes.set_ylabel(label_of(y, tick_in_units(axes.yaxis, unit_of(y))))
    _place(lines[x].tolist(), numeric, list(places), x, axes)


def _place(values: Sequence[Any], numeric: bool, names: Sequence[Any], x: str, axes: Axes) -> None:
    """The values themselves as ticks, as far as they are few."""
    if numeric and is_wide(values):
        axes.set_xscale("log", base=2)
        axes.minorticks_off()
    label = beside_texts(x)
    if not numeric or len(names) <= FEW:
        where = list(names) if numeric else range(len(names))
        texts = names_of(x, names)
        turned = sum(map(len, texts)) > ROOM
        axes.set_xticks(where, texts, rotation=45 if turned else 0, ha="right" if turned else "center",
                        rotation_mode="anchor")  # fmt: skip
    else:
        label = label_of(x, tick_in_units(axes.xaxis, unit_of(x)))
    axes.set_xlabel(label)
