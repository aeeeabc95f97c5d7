"""From a figure's numbers to the figure, and to its files where they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

Name = str | PathLike[str]


def checked(out: Name | None, *, force: bool, sources: Iterable[Path] = ()) -> Path | None:
    """`out`, where the figure can be written there and takes the place of none of its `sources`. Raises InputError
    before any work is done."""
    from lifsim.report.figures.files import figure_path

    return None if out is None else figure_path(Path(out), "", force=force, sources=sources)


def drawn(draw: Callable[[], tuple[Figure, pd.DataFrame]], target: Path | None) -> Figure:
    """The figure in the house's style; unless `target` is None written there, with its numbers beside it."""
    from lifsim.report.figures.files import save_figure
    from lifsim.report.figures.style import house_style

    with house_style():
        figure, table = draw()
        if target is not None:
            save_figure(figure, table, target)
    return figure
