"""The figures of a sweep, each with the table of its numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any

from lifsim.errors import Fault, InputError
from lifsim.lazy_dataclass import dataclass
from lifsim.report.figures import sweep_dots, sweep_heat, sweep_lines, sweep_pareto
from lifsim.report.figures.drawn import Drawn
from lifsim.report.figures.sheet import Sheet
from lifsim.report.figures.style import Key, canvas, headline, legend_below
from lifsim.report.figures.subject import Subject
from lifsim.report.figures.sweep_lines import Shown
from lifsim.report.figures.sweep_rows import good_rows, in_order, least_over, others
from lifsim.report.figures.words import words_of
from lifsim.report.passing import NODE
from lifsim.sweeps.points import Points
from lifsim.units import counted

if TYPE_CHECKING:
    import pandas as pd

FIXED = ("sharing", "schedule")
"""Settings that every figure of a sweep names where all points have one value of them."""


@dataclass(frozen=True)
class Swept:
    """The points of a sweep, and which of them are drawn. timesteps: of each network, as far as they are known; where:
    ``key=values`` that a point must have; nodes: those of the SRAMs of all that were drawn."""

    points: Points
    timesteps: Mapping[str, int]
    where: Sequence[str] = ()
    nodes: set[Any] = field(default_factory=set)

    def good(self, columns: Sequence[str | None]) -> pd.DataFrame:
        """The points that did not fail, with these columns."""
        frame = good_rows(self.points, [name for name in columns if name is not None], self.where)
        self.nodes.update(int(node) for node in (frame[NODE].dropna().unique() if NODE in frame else ()))
        return frame

    def title(self, frame: pd.DataFrame, over: Sequence[str] = ()) -> str:
        """What `frame`, the points that are drawn, is of, and what its figures are the least over."""
        networks, machines = (_values(frame, name) for name in ("workload", "arch"))
        times = _values(frame, "timesteps") or [self.timesteps[name] for name in networks if name in self.timesteps]
        machine = machines[0] if len(machines) == 1 else counted(len(machines), "architecture")
        subject = Subject(networks, machine, times, _values(frame, "batch") or [1])
        failed = self.points.failed
        points = counted(len(frame), "point") + (f", {failed:,} of the sweep's failed" if failed else "")
        fixed = [f"{name} {values[0]}" for name in FIXED if len(values := _values(frame, name)) == 1]
        return subject.title(*fixed, points, least_over(over))


def lines(swept: Swept, shown: Shown, sheet: Sheet) -> Drawn:
    """`shown.y` over the axis `shown.x`, a line per value of the axis `shown.by`. Raises InputError if there is
    nothing to draw."""
    x, y, by = shown.x, shown.y, shown.by
    frame = _placed(_numbers(swept.good([x, y, by]), [y]), [x, *([by] if by else [])])
    found = replace(shown, over=others(frame, swept.points.settings, [x, by]))
    table = sweep_lines.table(frame, x, y, by)
    figure, (axes,) = canvas(sheet, 1, 3.0)
    sweep_lines.draw(table, found, axes)
    headline(figure, swept.title(frame, found.over))
    legend_below(figure, Key.of(axes) if by else Key((), ()), words_of(by) if by else "")
    return Drawn(figure, table)


def heat(swept: Swept, shown: Shown, value: str, sheet: Sheet) -> Drawn:
    """`value` over the axes `shown.x` and `shown.y` as colours. Raises InputError if there is nothing to draw."""
    x, y = shown.x, shown.y
    frame = _numbers(swept.good([x, y, value]), [value])
    if x == y:
        raise InputError(Fault("must be two axes", path="--heat"))
    frame = _placed(frame, [x, y])
    table = sweep_lines.table(frame, x, value, y)
    figure, (axes,) = canvas(sheet, 1, 3.0)
    sweep_heat.draw(table, x, y, value, axes)
    headline(figure, swept.title(frame, others(frame, swept.points.settings, [x, y])))
    return Drawn(figure, table, lambda: sweep_heat.write_cells(table, x, y, value, axes))


def pareto(swept: Swept, shown: Shown, sheet: Sheet) -> Drawn:
    """All points by `shown.x` and `shown.y`, and the front of the least. Raises InputError if there is nothing to
    draw."""
    x, y, by = shown.x, shown.y, shown.by
    every = _numbers(swept.good([x, y, by]), [x, y])
    frame = _known(every, [x, y])
    settings = swept.points.settings
    table = sweep_pareto.table(frame, settings, shown)
    figure, (axes,) = canvas(sheet, 1, 3.6)
    sweep_pareto.draw(table, shown, in_order(frame[by]) if by else [], axes)
    headline(figure, swept.title(frame))
    front = sweep_pareto.front_words(table, settings)
    unknown = _unknown_words(len(every) - len(frame), x, y)
    legend_below(figure, Key.of(axes), sweep_dots.said(table), unknown, front, words_of(by) if by else "")
    return Drawn(figure, table, lambda: sweep_pareto.number_front(table, shown, axes))


def _values(frame: pd.DataFrame, name: str) -> list[Any]:
    """The values of a setting, each once."""
    return list(dict.fromkeys(frame[name].unique().tolist())) if name in frame else []


def _placed(frame: pd.DataFrame, axes: Sequence[str]) -> pd.DataFrame:
    """`frame` with a place on each of `axes` for the points that have no value there."""
    empty = [axis for axis in axes if frame[axis].isna().any()]
    return frame.assign(**{axis: frame[axis].astype(object).where(frame[axis].notna(), "null") for axis in empty})


def _known(frame: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """The points that have all these figures. Raises InputError if none has."""
    known = frame[frame[[*columns]].notna().all(axis=1)]
    if known.empty:
        raise InputError(Fault(f"{' and '.join(map(repr, columns))} must be figures that one point has, both of them"))
    return known


def _unknown_words(points: int, *columns: str) -> str:
    """The note on points that are not drawn because they lack a figure."""
    names = " or ".join(map(words_of, columns))
    return f"not drawn: {counted(points, 'point')} without {names}" if points else ""


def _numbers(frame: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    faults = [
        Fault(f"{name!r} must be a figure in numbers")
        for name in columns
        if frame[name].dtype.kind not in "iuf"
        and not all(isinstance(value, int | float) and not isinstance(value, bool) for value in frame[name])
    ]
    if faults:
        raise InputError(faults)
    return frame
