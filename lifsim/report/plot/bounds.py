"""The figure of what bounds a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lifsim.report.figures.drawn import Drawn
from lifsim.report.figures.sheet import Sheet
from lifsim.report.figures.subject import Subject
from lifsim.report.plot.drawing import Asked, Out, drawn
from lifsim.simulate.result import Result

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def roofline(
    result: Result, *, out: Out = None, force: bool = False, style: str = "paper", size: str | None = None
) -> Figure:
    """Throughput of every layer of a run and its upper bound, over its MACs per DRAM byte."""
    from lifsim.report.figures import roofline as figure_of_roofs
    from lifsim.report.figures.style import Key, canvas, headline, legend_below

    page = Asked(out, force, style, size).page()
    table = figure_of_roofs.table(result)
    roofs = figure_of_roofs.Roofs.of(result)

    def draw(sheet: Sheet) -> Drawn:
        figure, (axes,) = canvas(sheet, 2, 3.4)
        figure_of_roofs.draw(table, roofs, axes)
        headline(figure, _subject_of(result).title(*_context(result)))
        legend_below(figure, Key.of(axes), figure_of_roofs.named(table))
        return Drawn(figure, table, lambda: figure_of_roofs.name_points(table, axes))

    return drawn(draw, page)


def _subject_of(result: Result) -> Subject:
    batch = result.options.batch  # none: as many as its trace has
    return Subject(
        [result.network.name], result.arch.name, [result.network.timesteps], [] if batch is None else [batch]
    )


def _context(result: Result) -> list[str]:
    """What else decides where the points stand."""
    return [f"sharing {result.sharing}", f"schedule {result.options.schedule}", result.options.mode]
