"""Figures of a sweep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lifsim.errors import Fault, InputError
from lifsim.report.plot.drawing import Name, checked, drawn
from lifsim.sweeps.export import table_of
from lifsim.sweeps.result import SweepResult
from lifsim.sweeps.store import Store

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

USUAL_FIGURE = "energy_pj.total"


def sweep(
    swept: SweepResult | Name,
    *,
    x: str | None = None,
    y: str | None = None,
    by: str | None = None,
    heat: tuple[str, str] | None = None,
    pareto: tuple[str, str] | None = None,
    where: Sequence[str] = (),
    out: Name | None = None,
    force: bool = False,
) -> Figure:
    """Lines of the figure `y` (None: energy_pj.total) along the axis `x`, a line per value of `by`; or a map of `y`
    over the two axes of `heat`; or all points in the plane of the two figures of `pareto`, with their front.

    swept: what `lifsim.sweep` gave back, or the store of a sweep. where: ``key=values``, the points that are drawn.
    Where points differ in more settings than are drawn, the least of them is, and lines have a band up to the most.
    """
    from lifsim.report.figures import sweep_figure

    refuse_unless_one({"x": x, "heat": heat, "pareto": pareto})
    if (pareto and y) or (heat and by):
        raise InputError("pareto must stand without y, and heat without by")
    target = checked(out, force=force, sources=[] if isinstance(swept, SweepResult) else [Path(swept)])
    rows, figure_of = _rows(swept), y or USUAL_FIGURE

    def draw() -> tuple[Figure, pd.DataFrame]:
        if pareto is not None:
            return sweep_figure.pareto(rows, *pareto, by, where)
        if heat is not None:
            return sweep_figure.heat(rows, *heat, figure_of, where)
        return sweep_figure.lines(rows, str(x), figure_of, by, where)

    return drawn(draw, target)


def refuse_unless_one(kinds: Mapping[str, object]) -> None:
    """Raises InputError unless one of `kinds`, by what the user calls them, is given."""
    *others, last = kinds
    given = [name for name, value in kinds.items() if value is not None]
    if len(given) != 1:
        raise InputError(
            Fault(f"one of {', '.join(others)} and {last} must be given, got {', '.join(given) or 'none'}")
        )


def _rows(swept: SweepResult | Name) -> Sequence[Mapping[str, Any]]:
    if isinstance(swept, SweepResult):
        return swept.rows
    with Store.read(Path(swept)) as store:
        return table_of(store)
