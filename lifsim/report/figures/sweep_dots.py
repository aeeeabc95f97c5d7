"""Thins out very many points: of those whose dots would cover each other, one is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lifsim.report.figures.scales import is_wide
from lifsim.units import counted

if TYPE_CHECKING:
    import pandas as pd

MOST = 10_000
"""Up to this many points, each is drawn."""

PARTS = 256
"""Into so many an axis is cut, each narrower than a third of a dot: of points in the same one of both, one is drawn."""

POINTS = "points"
"""The column that says for how many a row stands."""


def drawn(frame: pd.DataFrame, x: str, y: str, by: str | None) -> pd.DataFrame:
    """The points that are drawn, those with the least `x`, then `y` first, and whether each is on the `front` of the
    least of both. Of more than MOST the first of each value of `by` in a cell, and on the front in a place; in the
    column POINTS, for how many it stands."""
    xs, ys = (frame[name].to_numpy() for name in (x, y))
    order = np.lexsort((ys, xs))
    front = on_front(xs[order], ys[order])
    if len(frame) <= MOST:
        return frame.iloc[order].assign(front=front).reset_index(drop=True)
    cells = np.where(front, PARTS**2 + _places(xs[order], ys[order]), _cells(xs[order], ys[order]))
    groups = 0 if by is None else _codes(frame[by])[order]
    _, first, counts = np.unique(groups * (PARTS**2 + len(frame)) + cells, return_index=True, return_counts=True)
    kept = np.argsort(first)
    rows = frame.iloc[order[first[kept]]].assign(front=front[first[kept]])
    return rows.assign(**{POINTS: counts[kept]}).reset_index(drop=True)


def on_front(xs: NDArray[Any], ys: NDArray[Any]) -> NDArray[np.bool_]:
    """[points] whether no other point is at most as large in both and smaller in one. xs, ys: [points], sorted by
    `xs`, then by `ys`."""
    least = np.fmin.accumulate(ys)
    better = np.ones(len(ys), np.bool_)
    better[1:] = ys[1:] < least[:-1]
    found: NDArray[np.bool_] = better[_places(xs, ys)]
    return found


def said(points: pd.DataFrame) -> str:
    """What the figure says where dots stand for several points."""
    if POINTS not in points:
        return ""
    dots, total = counted(len(points), "dot"), counted(int(points[POINTS].sum()), "point")
    return f"{dots} for {total}: of those within 1/{PARTS} of both axes, one is drawn"


def _places(xs: NDArray[Any], ys: NDArray[Any]) -> NDArray[np.intp]:
    """[points] the index of the first point in the same place, of points in order."""
    other = np.ones(len(xs), np.bool_)
    other[1:] = (xs[1:] != xs[:-1]) | (ys[1:] != ys[:-1])
    return np.maximum.accumulate(np.where(other, np.arange(len(xs)), 0))


def _cells(xs: NDArray[Any], ys: NDArray[Any]) -> NDArray[np.int64]:
    """[points] in which cell of the plane each is."""
    return _part(xs) * PARTS + _part(ys)


def _part(values: NDArray[Any]) -> NDArray[np.int64]:
    """[points] in which part of its axis each is; what is no number, in the first."""
    found = values.astype(np.float64)
    if is_wide((np.nanmin(found), np.nanmax(found))):
        found = np.log(found)
    low, high = np.nanmin(found), np.nanmax(found)
    parts = np.nan_to_num((found - low) / max(high - low, np.finfo(np.float64).tiny) * PARTS)
    return np.minimum(parts, PARTS - 1).astype(np.int64)


def _codes(values: pd.Series[Any]) -> NDArray[np.int64]:
    """[points] a number of each value."""
    import pandas as pd

    codes, _ = pd.factorize(values)
    return codes.astype(np.int64)
