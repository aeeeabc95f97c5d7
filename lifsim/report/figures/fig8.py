"""fig8: a trained network under pruning (left), and membranes beside the weights of a pruned one (right)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lifsim.report.figures import fig8_memory, fig8_pruning
from lifsim.report.figures.sheet import Sheet
from lifsim.report.figures.subject import Subject

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

RIGHT_IN, BELOW_IN = 3.2, 3.0


def joined(left: pd.DataFrame | None, right: pd.DataFrame) -> pd.DataFrame:
    """The numbers of both halves, told apart by the column `half`."""
    import pandas as pd

    halves = {"left": left, "right": right}
    frames = [frame.assign(half=name) for name, frame in halves.items() if frame is not None]
    everything = pd.concat(frames, ignore_index=True)
    return everything[["half", *(column for column in everything.columns if column != "half")]].convert_dtypes()


def drawn(left: pd.DataFrame | None, right: pd.DataFrame, subject: Subject | None, sheet: Sheet) -> Figure:
    """The right half, alone or below the left one: in the paper they stand side by side, on a page there is no room.
    subject: of the left half."""
    from matplotlib.figure import Figure

    from lifsim.report.figures.style import Key, canvas, headline, legend_below

    if left is None or subject is None:
        figure, (axes,) = canvas(sheet, 1, RIGHT_IN)
        fig8_memory.draw(right, axes)
        headline(figure, fig8_memory.title(right))
        legend_below(figure, Key.of(axes))
        return figure
    above = fig8_pruning.height_in(left)
    figure = Figure(figsize=sheet.inches(2, above + BELOW_IN), layout="constrained")
    places = figure.add_gridspec(2, 1, height_ratios=[above, BELOW_IN])
    fig8_pruning.draw_percent(left, places[0])
    bytes_of, beside = places[1].subgridspec(1, 2).subplots(squeeze=False).flat
    fig8_pruning.draw_bytes(left, bytes_of)
    fig8_memory.draw(right, beside)
    first, second = fig8_memory.title_lines(right)
    beside.set_title(f"{first},\n{second}", fontsize="small")
    headline(figure, fig8_pruning.title(left, subject))
    kept, bars = Key.of(bytes_of), Key.of(beside)
    legend_below(
        figure,
        Key([*kept.handles, *bars.handles[1:]], [*kept.labels, *bars.labels[1:]]),
        "grey: the other sharings; lines: of the trained network; bars: of networks in inference",
    )
    return figure
