"""A figure and, beside it, its numbers as CSV: both are written or neither."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lifsim.errors import Fault, InputError, did_you_mean
from lifsim.files import replacing_all

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

FORMATS = ("png", "svg", "pdf")


def figure_path(given: Path | None, name: str, *, force: bool) -> Path:
    """Where the figure goes: `given`, else reports/<name>.png, which is LIFSim's own to overwrite.

    Raises InputError where `save_figure` would fail, before any work is done.
    """
    if given is None:
        return Path("reports") / f"{name}.png"
    _check(given, force=force)
    return given


def _check(path: Path, *, force: bool) -> None:
    suffix = path.suffix.lower().lstrip(".")
    if suffix not in FORMATS:
        raise InputError(Fault(f"{path} must end in .png, .svg or .pdf{did_you_mean(suffix, FORMATS)}", path="out"))
    for file in (path, path.with_suffix(".csv")):
        if file.is_dir():
            raise InputError(Fault(f"{file} must be a file, is a folder", path="out"))
        if file.exists() and not force:
            raise InputError(Fault(f"{file} exists and must not be overwritten; give --force", path="out"))


def save_figure(figure: Figure, table: pd.DataFrame, path: Path) -> tuple[Path, Path]:
    """Write `figure` to `path` and `table` beside it; returns both paths. Raises InputError if they cannot be."""
    csv = path.with_suffix(".csv")
    kind = path.suffix.lower().lstrip(".")
    metadata = {"png": {"Software": "LIFSim"}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}[kind]
    with replacing_all([csv, path], parents=True) as (numbers, picture):
        figure.savefig(picture, format=kind, metadata=metadata)
        table.to_csv(numbers, index=False)
    return path, csv
