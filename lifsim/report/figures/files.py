"""A figure and, beside it, its numbers as CSV: both are written or neither."""

from __future__ import annotations

import io
import math
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from lifsim.csv_text import safe_cell
from lifsim.errors import Fault, InputError, did_you_mean
from lifsim.files import check_targets, replacing_all

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

FORMATS = ("png", "svg", "pdf")


def check_figure(path: Path, *, force: bool, sources: Iterable[Path] = ()) -> None:
    """Raises InputError where `save_figure` would fail, before any work is done: the figure never takes the place of
    one of the `sources`, the files that it is drawn from."""
    suffix = path.suffix.lower().lstrip(".")
    if suffix not in FORMATS:
        raise InputError(Fault(f"{path} must end in .png, .svg or .pdf{did_you_mean(suffix, FORMATS)}", path="out"))
    check_targets([path, path.with_suffix(".csv")], sources, replace=force)


def _safe(table: pd.DataFrame) -> pd.DataFrame:
    """`table` with cells that are text to every program; columns of numbers stay as they are."""
    texts = table.select_dtypes(exclude=["number", "bool"])
    safe = table.copy()
    for name in texts:
        safe[name] = texts[name].map(safe_cell)
    return safe.rename(columns=safe_cell)


def save_figure(figure: Figure, table: pd.DataFrame, path: Path) -> tuple[Path, Path]:
    """Write `figure` to `path` and `table` beside it; returns both paths. Raises InputError if they cannot be."""
    from lifsim.report.figures.plain import take_names_as_they_are

    csv = path.with_suffix(".csv")
    kind = path.suffix.lower().lstrip(".")
    metadata = {"png": {"Software": "LIFSim"}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}[kind]
    take_names_as_they_are(figure)
    drawn = io.BytesIO()  # Matplotlib's PDF writer raises something else where a disk is full
    figure.savefig(drawn, format=kind, metadata=metadata)
    with replacing_all([path, csv], parents=True) as (picture, numbers):
        picture.write_bytes(drawn.getvalue())
        bounded = table.replace(math.inf, math.nan)  # what has no bound has no number: an empty cell
        _safe(bounded).to_csv(numbers, index=False)
    return path, csv
