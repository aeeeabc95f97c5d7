"""Numbers beside the points of a plot, each where it covers neither a point, nor a line, nor another number."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Points = NDArray[np.float64]

SIZE_PT = 6
TOGETHER_PT = 4
"""Points that are no further apart have their numbers in one place: their markers cover each other."""
AROUND = ((0, -1), (0, 1), (1, -1), (-1, -1), (1, 1), (-1, 1), (1, 0), (-1, 0))
"""Directions in which a number may stand from its point, the best first."""


def number_points(axes: Axes, points: Points, *lines: Points) -> None:
    """Number `points`, [n, 2] in data coordinates, from 1 on, and keep clear of `lines`, [n, 2] likewise. The limits of
    `axes` and its place are final. A number far from its points stands at the end of a thin line."""
    places = _in_pt(axes, points)
    taken = [*places, *(place for line in lines for place in _along(_in_pt(axes, line)))]
    for members in _crowds(places):
        text, place = ranges([index + 1 for index in members]), places[members].mean(axis=0)
        offset = _free(place, len(text), np.array(taken))
        letters = np.arange(len(text)) - (len(text) - 1) / 2
        taken += [place + offset + (0.62 * SIZE_PT * letter, 0.0) for letter in letters]
        line = {"arrowstyle": "-", "linewidth": 0.4, "color": "#888888", "shrinkA": 0, "shrinkB": 2}
        axes.annotate(
            text,
            tuple(points[members[0]]),
            xytext=tuple(offset + place - places[members[0]]),
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=SIZE_PT,
            arrowprops=line if np.hypot(*offset) > 3 * SIZE_PT else None,
        )


def ranges(numbers: Sequence[int]) -> str:
    """`1, 4-6` of 1, 4, 5, 6."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def _in_pt(axes: Axes, points: Points) -> Points:
    placed: Points = axes.transData.transform(points) * 72 / axes.figure.dpi
    return placed


def _along(line: Points) -> Points:
    """Places a few points apart along a line of straight pieces."""
    pieces = [np.linspace(a, b, 2 + int(np.hypot(*(b - a)) / 3)) for a, b in pairwise(line)]
    return np.concatenate(pieces)


def _crowds(places: Points) -> list[list[int]]:
    """Indices of points each of which is near another one of the same crowd."""
    left, crowds = set(range(len(places))), list[list[int]]()
    while left:
        crowd = [min(left)]
        left.discard(crowd[0])
        for member in crowd:
            near = [other for other in sorted(left) if np.hypot(*(places[other] - places[member])) <= TOGETHER_PT]
            crowd += near
            left.difference_update(near)
        crowds.append(sorted(crowd))
    return crowds


def _free(place: Points, letters: int, taken: Points) -> Points:
    """The nearest offset at which so many letters keep clear of all that is taken."""
    width, height = 0.31 * SIZE_PT * letters + 3, 0.5 * SIZE_PT + 2
    for distance in np.arange(1.0, 8.0, 0.5):
        for right, up in AROUND:
            offset = np.array([right * (width + 2), up * (height + 1)]) * distance
            apart = np.abs(taken - place - offset)
            if not ((apart[:, 0] < width) & (apart[:, 1] < height)).any():
                return offset
    return np.array([0.0, -height])
