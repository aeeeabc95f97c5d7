"""fig8: a trained network under pruning (left), and membranes beside the weights of a pruned one (right)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lifsim.report.figures import fig8_memory, fig8_pruning

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

LEFT_IN, RIGHT_IN, HEIGHT_IN = 8.4, 5.2, 2.9


def joined(left: pd.DataFrame | None, right: pd.DataFrame) -> pd.DataFrame:
    """The numbers of both halves, told apart by the column `half`."""
    import pandas as pd

    halves = {"left": left, "right": right}
    frames = [frame.assign(half=name) for name, frame in halves.items() if frame is not None]
    everything = pd.concat(frames, ignore_index=True)
    return everything[["half", *(column for column in everything.columns if column != "half")]].convert_dtypes()


def drawn(left: pd.DataFrame | None, right: pd.DataFrame) -> Figure:
    """The right half, behind the left one if there is one."""
    from matplotlib.figure import Figure

    from lifsim.report.figures.style import legend_outside

    widths = [LEFT_IN] * (left is not None) + [RIGHT_IN]
    figure = Figure(figsize=(sum(widths), HEIGHT_IN), layout="constrained")
    parts = list(figure.subfigures(1, len(widths), squeeze=False, width_ratios=widths).flat)
    if left is not None:
        panels = list(parts[0].subplots(1, fig8_pruning.PANELS, squeeze=False).flat)
        fig8_pruning.draw(left, panels)
        legend_outside(panels[-1])
        parts[0].suptitle(fig8_pruning.title(left), fontsize=9)
    axes = parts[-1].subplots()
    fig8_memory.draw(right, axes)
    legend_outside(axes)
    return figure
