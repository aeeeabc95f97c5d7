"""What is found out about the points of a sweep in one pass, without keeping more of them than are shown."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import is_not
from typing import Any

from lifsim.sweeps.fewer_units import SHARING

NODE = "sram_technology_nm"
"""The column of the SRAMs' technology node: energies of points with different nodes cannot be compared."""

Row = Mapping[str, Any]


class Passing:
    """found: the number of points; nodes: of their SRAMs; sharings: their names; varying: the `settings` that differ
    between points."""

    def __init__(self, settings: Sequence[str]) -> None:
        self.found = 0
        self.nodes: set[Any] = set()
        self.sharings: dict[str, None] = {}
        self._settings = settings
        self._same: dict[str, Any] | None = None

    @property
    def varying(self) -> list[str]:
        """The settings that differ between points, in their order. With one point, or none, nothing differs."""
        return [name for name in self._settings if self._same is not None and name not in self._same]

    def all(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Pass on `rows`, comparing their settings."""
        for row in rows:
            if self._same is None:
                self._same = {name: row[name] for name in self._settings}
            elif any(map(is_not, map(row.__getitem__, self._same), self._same.values())):
                self._same = {name: value for name, value in self._same.items() if repr(row[name]) == repr(value)}
            yield row

    def those(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Pass on `rows`, counting them and noting their nodes and sharings."""
        for row in rows:
            self.found += 1
            self.nodes.add(row.get(NODE))
            if isinstance(sharing := row.get(SHARING), str):
                self.sharings[sharing] = None
            yield row


def first(rows: Iterable[Row], column: str, most: int | None, *, descending: bool) -> list[Row]:
    """The `most` rows with the lowest, or the highest, values in a column, without rows that have none."""
    there = (row for row in rows if row[column] is not None)

    def place(row: Row) -> tuple[str, Any]:
        return _order(row[column])

    if most is None:
        return sorted(there, key=place, reverse=descending)
    return (heapq.nlargest if descending else heapq.nsmallest)(most, there, key=place)


def _order(value: object) -> tuple[str, Any]:
    """A sort key: numbers by value, texts alphabetically."""
    return ("", value) if isinstance(value, int | float) else ("text", str(value))
