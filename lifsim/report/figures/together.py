"""Lines that lie on one another: all the way, they are one of several names; in part, each shows around the next."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from lifsim.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NESTED = 6
"""Up to so many lines are drawn thinner and thinner, so that none hides another."""
NEAR = 0.02
"""Of the range of all lines: points that are no further apart cover each other."""


@dataclass(frozen=True)
class Line:
    """Points in order, and what they are of."""

    name: str
    xs: Sequence[float]
    ys: Sequence[float]


def joined(lines: Sequence[Line]) -> list[Line]:
    """`lines`, those of the same points as one that has all their names."""
    found: dict[tuple[tuple[float, ...], tuple[float, ...]], list[str]] = {}
    for line in lines:
        found.setdefault((tuple(line.xs), tuple(line.ys)), []).append(line.name)
    return [Line(" = ".join(names), xs, ys) for (xs, ys), names in found.items()]


def draw_lines(axes: Axes, lines: Sequence[Line]) -> None:
    """Each with a colour, marker and dashes that no other has; where they meet, the ones below are wider."""
    from lifsim.report.figures.palette import COLOURS
    from lifsim.report.figures.style import DASHES, MARKERS, points

    nested = min(len(lines), NESTED) if _meet(lines) else 1
    for number, line in enumerate(lines):
        above = nested - 1 - number % nested
        kind = number + number // len(COLOURS)  # the ninth has the first colour, and the second marker
        axes.plot(
            list(line.xs),
            list(line.ys),
            linestyle=DASHES[kind % len(DASHES)],
            marker=MARKERS[kind % len(MARKERS)],
            color=COLOURS[number % len(COLOURS)],
            markersize=points(3.5 + 1.2 * above),
            linewidth=points(1.0 + 0.5 * above),
            label=line.name,
            clip_on=False,
        )


def _meet(lines: Sequence[Line]) -> bool:
    """Whether two of them have a point in one place, or nearly."""
    ys = [y for line in lines for y in line.ys]
    near = NEAR * (max(ys) - min(ys)) if ys else 0.0
    at: dict[float, list[float]] = {}
    for line in lines:
        for x, y in zip(line.xs, line.ys, strict=True):
            at.setdefault(x, []).append(y)
    return any(b - a <= near for found in at.values() for a, b in pairwise(sorted(found)))
