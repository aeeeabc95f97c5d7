"""fig9: breakdown of computation (top) and DRAM accesses (bottom) as one figure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lifsim.lazy_dataclass import dataclass
from lifsim.report.figures import fig9_breakdown, fig9_dram
from lifsim.report.figures.sheet import Sheet
from lifsim.report.figures.subject import Subject

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

TOP_IN = 2.9
NOTHING = Subject((), "", (), ())


@dataclass(frozen=True)
class Halves:
    """The numbers of each half that is drawn, and what they are of."""

    top: pd.DataFrame | None = None
    bottom: pd.DataFrame | None = None
    of_top: Subject = NOTHING
    of_bottom: Subject = NOTHING


def joined(top: pd.DataFrame | None, bottom: pd.DataFrame | None) -> pd.DataFrame:
    """The numbers of both halves, told apart by the column `half`."""
    import pandas as pd

    halves = {"top": top, "bottom": bottom}
    frames = [frame.assign(half=name) for name, frame in halves.items() if frame is not None]
    everything = pd.concat(frames, ignore_index=True)
    return everything[["half", *(column for column in everything.columns if column != "half")]].convert_dtypes()


def drawn(halves: Halves, sheet: Sheet) -> Figure:
    """The halves that are given, one above the other. At least one."""
    from matplotlib.figure import Figure

    from lifsim.report.figures.style import headline, legend_below

    top, bottom = halves.top, halves.bottom
    heights = [TOP_IN] * (top is not None) + [fig9_dram.HEIGHT_IN] * (bottom is not None)
    figure = Figure(figsize=sheet.inches(2, sum(heights)), layout="constrained")
    parts = list(figure.subfigures(len(heights), 1, squeeze=False, height_ratios=heights).flat)
    if top is not None:
        fig9_breakdown.draw(top, list(parts[0].subplots(1, len(fig9_breakdown.IDLE_UNITS), squeeze=False).flat))
        headline(parts[0], halves.of_top.title())
        legend_below(parts[0], fig9_breakdown.key())
    if bottom is not None:
        fig9_dram.draw_all(bottom, parts[-1])
        headline(parts[-1], halves.of_bottom.title())
    return figure
