"""The points of a sweep in the plane of two figures, and those of which none is better in both."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from lifsim.report.figures.numbers import label_points, ranges
from lifsim.report.figures.scales import is_wide, tick_in_units
from lifsim.report.figures.sweep_dots import POINTS, drawn
from lifsim.report.figures.sweep_lines import Shown
from lifsim.report.figures.sweep_rows import names_of, varies, with_texts
from lifsim.report.figures.together import NESTED
from lifsim.report.figures.words import label_of, unit_of, words_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


MOST_TOLD = 12
"""Points of the front that the figure names."""


def table(frame: pd.DataFrame, settings: Sequence[str], shown: Shown) -> pd.DataFrame:
    """Every point, or of very many those that are drawn: what varies in it, both figures, and whether it is on the
    front of the least of both."""
    points = drawn(frame, shown.x, shown.y, shown.by)
    named = [*settings, shown.x, shown.y, *([shown.by] if shown.by else []), "front", POINTS]
    return with_texts(points[[name for name in dict.fromkeys(named) if name in points]])


def draw(points: pd.DataFrame, shown: Shown, values: Sequence[Any], axes: Axes) -> None:
    """All points, told apart by their `values` of `shown.by`; the front as steps through its own."""
    from lifsim.report.figures.palette import COLOURS
    from lifsim.report.figures.style import MARKERS
    from lifsim.report.figures.style import points as pt

    x, y, by = shown.x, shown.y, shown.by
    names = [None] if by is None else names_of(by, values)
    for number, (name, value) in enumerate(zip(names, [None] if by is None else values, strict=True)):
        group = points if by is None else points[points[by] == value]
        kind = number + number // len(COLOURS)
        colour, marker = COLOURS[number % len(COLOURS)], MARKERS[kind % len(MARKERS)]
        size = pt(3.0 + 0.8 * (min(len(names), NESTED) - 1 - number % NESTED)) ** 2  # where they meet, all are seen
        dots = axes.scatter(group[x], group[y], s=size, marker=marker, color=colour, linewidths=0, label=name)
        dots.set_rasterized(POINTS in points)  # very many are an image, in files that would draw each, too
    front = points[points["front"]]
    axes.step(front[x], front[y], where="post", color="black", linewidth=pt(1), label="Pareto front")
    axes.scatter(front[x], front[y], s=pt(7.5) ** 2, facecolors="none", edgecolors="black", linewidths=pt(0.6))
    if is_wide(points[x].tolist()):
        axes.set_xscale("log")
    if is_wide(points[y].tolist()):
        axes.set_yscale("log")
    axes.margins(0.12)
    axes.set_xlabel(label_of(x, tick_in_units(axes.xaxis, unit_of(x))))
    axes.set_ylabel(label_of(y, tick_in_units(axes.yaxis, unit_of(y))))


def front_words(points: pd.DataFrame, settings: Sequence[str]) -> str:
    """`front (sharing, membrane buffer size): 1: channel4, 8 KiB; 2: ...`: what varies, and the points of the front by
    their numbers, the first `MOST_TOLD` of many."""
    front = points[points["front"]]
    varied = [name for name in settings if varies(points[name])]
    found = []
    for number, (_, point) in enumerate(front.head(MOST_TOLD).iterrows(), 1):
        told = ", ".join(names_of(name, [point[name]])[0] for name in varied)
        if POINTS in points and point[POINTS] > 1:
            told = f"{told} (one of {point[POINTS]:,} alike)"
        found.append(f"{number}: {told}" if told else str(number))
    if len(front) > MOST_TOLD:
        found.append(f"{len(front) - MOST_TOLD} more: in the table beside the figure")
    by = ", ".join(words_of(name).replace(": ", " ") for name in varied)
    return f"front{f' ({by})' if by else ''}: {'; '.join(found)}"


def number_front(points: pd.DataFrame, shown: Shown, axes: Axes) -> None:
    """Number the points of the front that `front_words` tells, once the axes stand where they will."""
    import numpy as np

    front = points[points["front"]][[shown.x, shown.y]].to_numpy(float)
    turns = [place for a, b in pairwise(front) for place in (a, [b[0], a[1]], b)]
    steps = np.array(turns or [front[0], front[0]])
    label_points(axes, front[:MOST_TOLD], ranges, steps, clear_of=points[[shown.x, shown.y]].to_numpy(float))
