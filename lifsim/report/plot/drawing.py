"""From a figure's numbers to the figure, and to its files where they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from lifsim.errors import Fault, InputError, collecting

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

Name = str | PathLike[str]
Read = TypeVar("Read")


def checked(out: Name | None, *, force: bool, sources: Iterable[Path] = ()) -> Path | None:
    """`out`, where the figure can be written there and takes the place of none of its `sources`. Raises InputError
    before any work is done."""
    from lifsim.report.figures.files import check_figure

    if out is None:
        return None
    check_figure(Path(out), force=force, sources=sources)
    return Path(out)


def checked_beside(
    out: Name | None, read: Callable[[], Read], *, force: bool, sources: Iterable[Path] = ()
) -> tuple[Path | None, Read]:
    """`checked`, and what `read` reads. Raises InputError with the faults of both."""
    faults: list[Fault] = []
    with collecting(faults):
        target = checked(out, force=force, sources=sources)
    with collecting(faults):
        found = read()
    if faults:
        raise InputError(faults)
    return target, found


def drawn(draw: Callable[[], tuple[Figure, pd.DataFrame]], target: Path | None) -> Figure:
    """The figure in the house's style; unless `target` is None written there, with its numbers beside it."""
    from lifsim.report.figures.files import save_figure
    from lifsim.report.figures.style import house_style

    with house_style():
        figure, table = draw()
        if target is not None:
            save_figure(figure, table, target)
    return figure
