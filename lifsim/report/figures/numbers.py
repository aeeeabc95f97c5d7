"""Labels beside the points of a plot, placed so that they cover no point, line or other label."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lifsim.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Points = NDArray[np.float64]


@dataclass(frozen=True)
class Box:
    """The box around a text, in points."""

    width: float
    height: float


SMALL, FAR = 0.833, 2.5
"""Of the size of the figure's text; and how many times its own size a label may be away before a line leads to it."""
TOGETHER_PT, CLEAR_PT = 4.0, 4.2
"""Points that are no further apart have one label, their markers cover each other; and what a label keeps clear of."""
AROUND = ((0, -1), (0, 1), (1, -1), (-1, -1), (1, 1), (-1, 1), (1, 0), (-1, 0))
"""Directions in which a label may stand from its point, the best first."""
FARTHEST = 60.0
"""Steps from its point up to which a label looks for a place."""


def label_points(
    axes: Axes, places: Points, naming: Callable[[Sequence[int]], str], *lines: Points, clear_of: Points | None = None
) -> None:
    """Label the points at `places`, [n, 2] in data coordinates and numbered from 1 on, and keep clear of `lines` and of
    the points `clear_of`, [n, 2] likewise; `naming` has the text of those in one place. The limits of `axes` and its
    place are final. A label far from its points stands at the end of a thin line."""
    from matplotlib import rcParams

    from lifsim.report.figures.style import points as in_points
    from lifsim.report.figures.text_size import drawable, width_pt

    if not len(places):
        return
    size, clear, together = SMALL * float(rcParams["font.size"]), in_points(CLEAR_PT), in_points(TOGETHER_PT)
    drawn = _in_pt(axes, places)
    inside = axes.get_window_extent()
    frame = np.array([[inside.x0, inside.y0], [inside.x1, inside.y1]]) * 72 / axes.figure.dpi
    others = [] if clear_of is None else [_in_pt(axes, clear_of)]
    taken = np.concatenate([drawn, *(_along(_in_pt(axes, line)) for line in lines), *others])
    for members in _crowds(drawn, together):
        text, place = drawable(naming([index + 1 for index in members])), drawn[members].mean(axis=0)
        width = width_pt(text, size)
        offset = _free(place, Box(width / 2 + clear, 0.5 * size + clear), taken, frame)
        steps = np.linspace(-0.5, 0.5, max(2, int(width / (0.3 * size)))) * width
        own = [place + offset + (step, up) for step in steps for up in (-0.6 * size, 0.0, 0.6 * size)]
        taken = np.concatenate([taken, own])
        line = {"arrowstyle": "-", "linewidth": in_points(0.4), "color": "#888888", "shrinkA": 0, "shrinkB": 2}
        note = axes.annotate(
            text,
            tuple(places[members[0]]),
            xytext=tuple(offset + place - drawn[members[0]]),
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=size,
            parse_math=False,
            arrowprops=line if np.hypot(*(offset / (width / 2 + size, size))) > FAR else None,
        )
        note.set_in_layout(False)


def ranges_of(numbers: Sequence[int]) -> list[list[int]]:
    """[1], [4, 5, 6] of 1, 4, 5, 6."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return runs


def ranges(numbers: Sequence[int]) -> str:
    """`1, 4-6` of 1, 4, 5, 6."""
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in ranges_of(numbers))


def _in_pt(axes: Axes, points: Points) -> Points:
    placed: Points = axes.transData.transform(points) * 72 / axes.figure.dpi
    return placed


def _along(line: Points) -> Points:
    """Places a few points apart along a line of straight pieces."""
    pieces = [np.linspace(a, b, 2 + int(np.hypot(*(b - a)) / 3)) for a, b in pairwise(line)]
    return np.concatenate(pieces)


def _crowds(places: Points, near_pt: float) -> list[list[int]]:
    """Indices of points each of which is near another one of the same crowd."""
    left, crowds = set(range(len(places))), list[list[int]]()
    while left:
        crowd = [min(left)]
        left.discard(crowd[0])
        for member in crowd:
            near = [other for other in sorted(left) if np.hypot(*(places[other] - places[member])) <= near_pt]
            crowd += near
            left.difference_update(near)
        crowds.append(sorted(crowd))
    return crowds


def _free(place: Points, half: Box, taken: Points, frame: Points) -> Points:
    """The nearest offset at which a text of this half size keeps clear of all that is taken, and inside its panel."""
    for distance in np.arange(1.0, FARTHEST, 0.5):
        for right, up in AROUND:
            offset = np.array([right * (half.width + 2 * distance), up * (half.height + 1) * distance])
            middle = place + offset
            apart = np.abs(taken - middle)
            covers = ((apart[:, 0] < half.width) & (apart[:, 1] < half.height)).any()
            size = np.array([half.width, half.height])
            if not covers and (middle - size >= frame[0]).all() and (middle + size <= frame[1]).all():
                return offset
    return np.array([0.0, -2 * half.height])
