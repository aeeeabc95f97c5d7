"""Rows as stores of schema 2 have them, JSON text with all names: these are read and gone on with as they are."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import starmap
from typing import Any

from lifsim.errors import Fault, collecting
from lifsim.sweeps.columns import Columns
from lifsim.sweeps.database import Database
from lifsim.sweeps.outcome import Outcome
from lifsim.sweeps.parcel import Parcel
from lifsim.sweeps.row_form import Record
from lifsim.sweeps.stored_row import ERROR, MAX_FAULTS, Row, as_text, parse_row

_COLUMNS = ("point", "key", "settings", "figures", "error")
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM points"  # noqa: S608


class JsonRows:
    """The table `points` of schema 2."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def insert(self, parcel: Parcel) -> None:
        """Put the row of each point in the place of an earlier one, all at one moment."""
        each = zip(parcel.outcomes, parcel.settings, strict=True)
        self._database.run_all("INSERT OR REPLACE INTO points VALUES (?, ?, ?, ?, ?)", starmap(_values, each))

    def columns(self) -> list[str]:
        """Settings and figures in the order in which rows have them; what is damaged has none."""
        names: dict[str, None] = {}
        for texts in self._database.rows("SELECT settings, figures FROM points ORDER BY point"):
            for text in texts:
                with suppress(ValueError, TypeError, RecursionError):
                    names |= dict.fromkeys(json.loads(text))
        return [name for name in names if name != ERROR]

    def records(self, point: int | None = None) -> Iterator[Record]:
        """Of all points in their order, or of one, what `parse` takes."""
        if point is None:
            found = self._database.rows(f"{_SELECT} ORDER BY point")
        else:
            found = self._database.rows(f"{_SELECT} WHERE point = ?", point)
        yield from enumerate(found)

    def parse(self, record: Record) -> Row:
        """The row of a record. Raises InputError with all that no sweep can have written."""
        number, row = record
        values = dict(zip(_COLUMNS, row, strict=True))
        point = values["point"] if isinstance(values["point"], int) else f"at {number}"
        return parse_row(values, f"{self._database.path}, point {point}")

    def select(self, columns: Sequence[str], faults: list[Fault]) -> Iterator[Columns]:
        """These columns of all points in their order, some points at a time; what is damaged is told in `faults`."""
        for record in self.records():
            with collecting(faults):
                found = self.parse(record).columns
                yield Columns.of([{name: found.get(name) for name in columns}], columns)
            if len(faults) >= MAX_FAULTS:
                return


def _values(outcome: Outcome, settings: Mapping[str, Any]) -> tuple[str | int | None, ...]:
    figures = None if outcome.figures is None else as_text(dict(outcome.figures))
    return outcome.key, outcome.point, as_text(settings), figures, outcome.error
