"""A figure in one or several formats and, beside it, its numbers as CSV: all are written or none."""

from __future__ import annotations

import io
import math
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from lifsim.csv_text import safe_cell
from lifsim.errors import Fault, InputError, collecting, did_you_mean, shown
from lifsim.files import check_targets, check_writable, replacing_all
from lifsim.lazy_dataclass import dataclass

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

FORMATS = ("png", "svg", "pdf")
_METADATA: dict[str, dict[str, str | None]] = {
    "png": {"Software": "LIFSim"},
    "svg": {"Date": None},
    "pdf": {"CreationDate": None},
}


_DATE = "SOURCE_DATE_EPOCH"
"""The environment variable in which Matplotlib looks for the date of a .pdf, even of one that has none."""


def unheard(written: Sequence[Path], stale: Sequence[Path]) -> None:
    """Ignores what was written."""


@dataclass(frozen=True)
class Place:
    """The files of a figure: pictures of one name, and its numbers beside them. force: whether existing files may be
    overwritten. numbered: the name is a default, so that it is numbered if it is taken. told: is called with what was
    written, and with pictures of this name that now show other numbers. wrong: faults of what was asked for."""

    pictures: tuple[Path, ...]
    force: bool = False
    numbered: bool = False
    told: Callable[[Sequence[Path], Sequence[Path]], None] = unheard
    wrong: tuple[Fault, ...] = ()

    @property
    def numbers(self) -> Path:
        """The table."""
        return self.pictures[0].with_suffix(".csv")

    def check(self, sources: Iterable[Path] = ()) -> None:
        """Raises InputError if `save_figure` would fail, before any work is done: the figure never takes the place
        of one of the `sources`, the files that it is drawn from. A table may be there beside a figure of this name in
        another format: whether it has the same numbers is known only when they are."""
        if self.wrong:
            raise InputError(self.wrong)
        known, faults = list(sources), list[Fault]()
        for picture in self.pictures:
            ending = picture.suffix.lower().lstrip(".")
            if ending not in FORMATS:
                near = did_you_mean(ending, FORMATS)
                faults.append(Fault(f"{picture} must end in .png, .svg or .pdf{near}", path="out"))
        if any(picture.suffix.lower() == ".pdf" for picture in self.pictures):
            faults += _date_faults(os.environ.get(_DATE, ""))
        if not faults and len({picture.with_suffix("") for picture in self.pictures}) > 1:
            faults.append(Fault("pictures of a figure must have one name in one folder", path="out"))
        if faults:
            raise InputError(faults)
        replaces = self.force or self.numbered
        with collecting(faults):
            check_targets(self.pictures, known, replace=replaces)
        with collecting(faults):
            beside = any(map(Path.is_file, self._others()))
            check_targets([self.numbers], known, replace=replaces or beside)
        if not faults:
            with collecting(faults):
                check_writable(self.pictures[0])
        if faults:
            raise InputError(dict.fromkeys(faults))

    def settled(self, contents: Sequence[bytes], table: bytes) -> Place:
        """Where exactly: the first place of its numbers that is free, or has nothing else. Raises InputError if a
        name that was chosen has the numbers of another figure."""
        if self.force:
            return self
        if not self.numbered:
            if self.numbers.is_file() and self.numbers.read_bytes() != table:
                others = ", ".join(str(path) for path in self._others() if path.is_file())
                rule = f"{self.numbers} has other numbers, those of {others}: choose another name"
                raise InputError(Fault(f"{rule}, or --force", path="out"))
            return self
        for number in count(1):
            place = self if number == 1 else self._named(f"{self.pictures[0].stem}-{number}")
            wanted = [*zip(place.pictures, contents, strict=True), (place.numbers, table)]
            if all(not path.exists() or (path.is_file() and path.read_bytes() == content) for path, content in wanted):
                return place
        raise AssertionError

    def stale(self, table: bytes) -> list[Path]:
        """The pictures of this name in other formats, if `table` takes the place of other numbers."""
        if not self.numbers.is_file() or self.numbers.read_bytes() == table:
            return []
        return [path for path in self._others() if path.is_file()]

    def _others(self) -> list[Path]:
        return [path for path in (self.numbers.with_suffix(f".{end}") for end in FORMATS) if path not in self.pictures]

    def _named(self, stem: str) -> Place:
        pictures = tuple(path.with_name(f"{stem}{path.suffix}") for path in self.pictures)
        return replace(self, pictures=pictures)


def _date_faults(given: str) -> Iterator[Fault]:
    """Of a date that Matplotlib would stumble over."""
    try:
        datetime.fromtimestamp(int(given or 0), UTC)
    except (ValueError, OverflowError, OSError):
        rule = f"{shown(given)} must be a date in whole seconds since 1970, which Matplotlib reads for a .pdf"
        yield Fault(f"{rule}; unset it: no figure has a date", path=_DATE)


def save_figure(figure: Figure, table: pd.DataFrame, place: Place) -> None:
    """Write `figure`, laid out, to its `place` and `table` beside it. Raises InputError if they cannot be."""
    from lifsim.report.figures.plain import take_names_as_they_are

    take_names_as_they_are(figure)
    contents = [_picture(figure, path.suffix.lower().lstrip(".")) for path in place.pictures]
    numbers = _csv(table)
    found = place.settled(contents, numbers)
    stale = found.stale(numbers)
    paths = [*found.pictures, found.numbers]
    with replacing_all(paths, parents=True) as temporary:
        for path, content in zip(temporary, [*contents, numbers], strict=True):
            path.write_bytes(content)
    place.told(paths, stale)


def _picture(figure: Figure, kind: str) -> bytes:
    drawn = io.BytesIO()  # Matplotlib's PDF writer raises something else where a disk is full
    figure.savefig(drawn, format=kind, metadata=_METADATA[kind])
    return drawn.getvalue()


def _csv(table: pd.DataFrame) -> bytes:
    bounded = table.replace(math.inf, math.nan)  # what has no bound has no number: an empty cell
    return _safe(bounded).to_csv(index=False).encode()


def _safe(table: pd.DataFrame) -> pd.DataFrame:
    """`table` with cells that are text to every program; columns of numbers stay as they are."""
    texts = table.select_dtypes(exclude=["number", "bool"])
    safe = table.copy()
    for name in texts:
        safe[name] = texts[name].map(safe_cell)
    return safe.rename(columns=safe_cell)
