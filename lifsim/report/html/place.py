"""The file of a report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lifsim.errors import Fault, InputError
from lifsim.files import check_targets, check_writable


def check_page(path: Path, option: str, *, replace: bool, sources: Sequence[Path] = ()) -> None:
    """Refuse before any work what a report cannot be written to, or must not: one of the `sources`. option: which names
    the file. Raises InputError."""
    if path.suffix.lower() not in (".html", ".htm"):
        raise InputError(Fault(f"{path} must end in .html", path=option))
    check_targets([path], sources, replace=replace)
    check_writable(path)
