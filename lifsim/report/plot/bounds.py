"""The figure of what bounds a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lifsim.report.plot.drawing import Name, checked, drawn
from lifsim.simulate.result import Result

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def roofline(result: Result, *, out: Name | None = None, force: bool = False) -> Figure:
    """What every layer of a run achieves, and could at most, for its MACs per DRAM byte."""
    from lifsim.report.figures import roofline as figure_of_roofs
    from lifsim.report.figures.style import canvas

    target = checked(out, force=force)
    table = figure_of_roofs.table(result)

    def draw() -> tuple[Figure, pd.DataFrame]:
        figure, (axes,) = canvas(5.4, figure_of_roofs.height_in(table))
        figure_of_roofs.draw(table, axes)
        figure.draw_without_rendering()
        figure_of_roofs.number(table, axes)
        return figure, table

    return drawn(draw, target)
