"""A figure of a sweep over two of its axes as a map of colours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lifsim.report.figures.sweep_rows import in_order, is_wide, least_over, named

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

WRITTEN_CELLS = 64
"""Up to so many cells have their value written in them."""


def draw(cells: pd.DataFrame, x: str, y: str, value: str, over: Sequence[str], axes: Axes) -> None:
    """`cells` is the table of `sweep_lines` by `y` and `x`; a combination without a point stays white."""
    from matplotlib.colors import LogNorm, Normalize
    from matplotlib.ticker import FuncFormatter

    columns, rows = in_order(cells[x]), in_order(cells[y])
    grid = cells.pivot(index=y, columns=x, values=value).reindex(index=rows, columns=columns).to_numpy(float)
    figures = cells[value].tolist()
    norm = (LogNorm if is_wide(figures) else Normalize)(min(figures), max(figures))
    image = axes.imshow(grid, origin="lower", aspect="auto", cmap="viridis", norm=norm)
    axes.grid(False)
    axes.set_xticks(
        range(len(columns)), [named(x, v) for v in columns], rotation=45, ha="right", rotation_mode="anchor"
    )
    axes.set_yticks(range(len(rows)), [named(y, v) for v in rows])
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    figure = axes.figure
    title = f"{value}\n{least_over(over)}" if over else value
    figure.colorbar(image, ax=axes, label=title, format=FuncFormatter(lambda v, _: named(value, v)))
    if grid.size <= WRITTEN_CELLS:
        for (row, column), found in np.ndenumerate(grid):
            if not np.isnan(found):
                shade = "black" if norm(found) > 0.6 else "white"
                axes.text(column, row, named(value, found), ha="center", va="center", fontsize=6, color=shade)
