"""How the rows of a store lie in its file: what every form of them can do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from lifsim.errors import Fault
from lifsim.sweeps.columns import Columns
from lifsim.sweeps.parcel import Parcel
from lifsim.sweeps.stored_row import Row

Record = tuple[Any, ...]
"""A row as the file has it."""


class RowForm(Protocol):
    """The rows of one store. All methods raise InputError where the file cannot be read or written."""

    def insert(self, parcel: Parcel) -> None:
        """Put the row of each point in the place of an earlier one, all at one moment."""

    def columns(self) -> list[str]:
        """Settings and figures in the order in which rows have them."""

    def records(self, point: int | None = None) -> Iterator[Record]:
        """Of all points in their order, or of one, what `parse` takes."""

    def parse(self, record: Record) -> Row:
        """The row of a record. Raises InputError with all that no sweep can have written."""

    def select(self, columns: Sequence[str], faults: list[Fault]) -> Iterator[Columns]:
        """These columns of all points in their order, some points at a time, None where a point has none; what is
        damaged is told in `faults`, up to MAX_FAULTS rows."""
