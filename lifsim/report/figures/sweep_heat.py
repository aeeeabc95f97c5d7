"""A figure of a sweep over two of its axes as a map of colours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lifsim.report.figures.scales import is_wide, tick_in_units
from lifsim.report.figures.sweep_rows import in_order, names_of
from lifsim.report.figures.words import beside_texts, label_of, unit_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

MOST_NAMES = 16
"""Of an axis."""


def draw(cells: pd.DataFrame, x: str, y: str, value: str, axes: Axes) -> None:
    """`cells` is the table of `sweep_lines` by `y` and `x`; a combination without a point stays white."""
    from matplotlib.colors import LogNorm, Normalize

    columns, rows = in_order(cells[x]), in_order(cells[y])
    grid = cells.pivot(index=y, columns=x, values=value).reindex(index=rows, columns=columns).to_numpy(float)
    figures = cells[value].tolist()
    norm = (LogNorm if is_wide(figures) else Normalize)(min(figures), max(figures))
    image = axes.imshow(grid, origin="lower", aspect="auto", cmap="viridis", norm=norm)
    axes.grid(False)
    across = names_of(x, columns)
    axes.set_xticks(*_few(across), rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(*_few(names_of(y, rows)))
    axes.set_xlabel(beside_texts(x))
    axes.set_ylabel(beside_texts(y))
    bar = axes.figure.colorbar(image, ax=axes)
    unit = tick_in_units(bar.ax.yaxis, unit_of(value))
    bar.set_label(label_of(value, unit))


def _few(names: Sequence[str]) -> tuple[list[int], list[str]]:
    """Where ticks stand, and their names: of many every second, third, ..."""
    step = -(-len(names) // MOST_NAMES)
    places = list(range(0, len(names), step))
    return places, [names[place] for place in places]


def write_cells(cells: pd.DataFrame, x: str, y: str, value: str, axes: Axes) -> None:
    """The values in their cells, in the unit of the colours, where all of them have room there."""
    import matplotlib as mpl

    from lifsim.report.figures.text_size import width_pt

    columns, rows = in_order(cells[x]), in_order(cells[y])
    _, size = unit_of(value).scaled(float(cells[value].abs().max()))
    texts = [f"{found / size:,.4g}" for found in cells[value]]
    font = 0.833 * float(mpl.rcParams["font.size"])
    place = axes.get_window_extent()
    room = place.width / len(columns), place.height / len(rows)
    per_pt = axes.figure.dpi / 72
    if max(width_pt(text, font) for text in texts) * per_pt + 3 > room[0] or 1.2 * font * per_pt > room[1]:
        return
    norm: Any = axes.get_images()[0].norm
    for text, (_, cell) in zip(texts, cells.iterrows(), strict=True):
        shade = "black" if float(norm(cell[value])) > 0.6 else "white"
        at = columns.index(cell[x]), rows.index(cell[y])
        axes.text(*at, text, ha="center", va="center", fontsize=font, color=shade).set_in_layout(False)
