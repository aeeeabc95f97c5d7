"""The figures of a sweep, each with the table of its numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lifsim.errors import Fault, InputError
from lifsim.report.figures import sweep_heat, sweep_lines, sweep_pareto
from lifsim.report.figures.style import canvas
from lifsim.report.figures.sweep_rows import good_rows, in_order, others
from lifsim.report.sweep_table import settings_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

Rows = Sequence[Mapping[str, Any]]


def lines(rows: Rows, x: str, y: str, by: str | None, where: Sequence[str]) -> tuple[Figure, pd.DataFrame]:
    """`y` over the axis `x`, a line per value of the axis `by`. Raises InputError where there is nothing to draw."""
    frame = _numbers(good_rows(rows, [x, y, *([by] if by else [])], where), [y])
    frame = _placed(frame, [x, *([by] if by else [])])
    over = others(frame, settings_of(rows), [x, by])
    table = sweep_lines.table(frame, x, y, by)
    figure, (axes,) = canvas(5.2, 3.0)
    sweep_lines.draw(table, x, y, by, over, axes)
    return figure, table


def heat(rows: Rows, x: str, y: str, value: str, where: Sequence[str]) -> tuple[Figure, pd.DataFrame]:
    """`value` over the axes `x` and `y` as colours. Raises InputError where there is nothing to draw."""
    frame = _numbers(good_rows(rows, [x, y, value], where), [value])
    if x == y:
        raise InputError(Fault("must be two axes", path="--heat"))
    frame = _placed(frame, [x, y])
    over = others(frame, settings_of(rows), [x, y])
    table = sweep_lines.table(frame, x, value, y)
    figure, (axes,) = canvas(5.2, 3.6)
    sweep_heat.draw(table, x, y, value, over, axes)
    return figure, table


def pareto(rows: Rows, x: str, y: str, by: str | None, where: Sequence[str]) -> tuple[Figure, pd.DataFrame]:
    """All points by `x` and `y`, and the front of the least. Raises InputError where there is nothing to draw."""
    frame = _numbers(good_rows(rows, [x, y, *([by] if by else [])], where), [x, y])
    table = sweep_pareto.table(frame, settings_of(rows), x, y)
    figure, (axes,) = canvas(5.2, 3.2)
    sweep_pareto.draw(table, x, y, by, in_order(frame[by]) if by else [], axes)
    return figure, table


def _placed(frame: pd.DataFrame, axes: Sequence[str]) -> pd.DataFrame:
    """`frame` with a place on each of `axes` for the points that have no value there."""
    empty = [axis for axis in axes if frame[axis].isna().any()]
    return frame.assign(**{axis: frame[axis].astype(object).where(frame[axis].notna(), "null") for axis in empty})


def _numbers(frame: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    faults = [
        Fault(f"{name!r} must be a figure in numbers")
        for name in columns
        if not all(isinstance(value, int | float) and not isinstance(value, bool) for value in frame[name])
    ]
    if faults:
        raise InputError(faults)
    return frame
