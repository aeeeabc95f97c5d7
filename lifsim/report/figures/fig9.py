"""fig9: breakdown of computation (top) and DRAM accesses (bottom) as one figure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lifsim.report.figures import fig9_breakdown, fig9_dram

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

WIDTH_IN = 7.2
TOP_IN = 2.6


def joined(top: pd.DataFrame | None, bottom: pd.DataFrame | None) -> pd.DataFrame:
    """The numbers of both halves, told apart by the column `half`."""
    import pandas as pd

    halves = {"top": top, "bottom": bottom}
    frames = [frame.assign(half=name) for name, frame in halves.items() if frame is not None]
    everything = pd.concat(frames, ignore_index=True)
    return everything[["half", *(column for column in everything.columns if column != "half")]].convert_dtypes()


def drawn(top: pd.DataFrame | None, bottom: pd.DataFrame | None) -> Figure:
    """The halves that are given, one above the other. At least one."""
    from matplotlib.figure import Figure

    heights = [TOP_IN] * (top is not None) + [fig9_dram.HEIGHT_IN] * (bottom is not None)
    figure = Figure(figsize=(WIDTH_IN, sum(heights)), layout="constrained")
    parts = list(figure.subfigures(len(heights), 1, squeeze=False, height_ratios=heights).flat)
    if top is not None:
        fig9_breakdown.draw(top, list(parts[0].subplots(1, len(fig9_breakdown.IDLE_UNITS), squeeze=False).flat))
    if bottom is not None:
        fig9_dram.draw_all(bottom, parts[-1])
    return figure
