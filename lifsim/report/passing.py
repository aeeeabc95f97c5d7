"""What is told of the points of a sweep while they go by, none of them held but those that are wanted."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import is_not
from typing import Any

from lifsim.sweeps.fewer_units import SHARING

NODE = "sram_technology_nm"
"""The column of the node of the SRAMs, by whose energies points of several nodes cannot be compared."""

Row = Mapping[str, Any]


class Passing:
    """found: how many points were; nodes: of their SRAMs; sharings: their names; varying: those of `settings` that
    differ from point to point."""

    def __init__(self, settings: Sequence[str]) -> None:
        self.found = 0
        self.nodes: set[Any] = set()
        self.sharings: dict[str, None] = {}
        self._settings = settings
        self._same: dict[str, Any] | None = None

    @property
    def varying(self) -> list[str]:
        """In their order. A column of one point, or of none, does not vary."""
        return [name for name in self._settings if self._same is not None and name not in self._same]

    def all(self, rows: Iterable[Row]) -> Iterator[Row]:
        """`rows`, whose settings are compared."""
        for row in rows:
            if self._same is None:
                self._same = {name: row[name] for name in self._settings}
            elif any(map(is_not, map(row.__getitem__, self._same), self._same.values())):
                self._same = {name: value for name, value in self._same.items() if repr(row[name]) == repr(value)}
            yield row

    def those(self, rows: Iterable[Row]) -> Iterator[Row]:
        """`rows`, which are counted, and their nodes and sharings noted."""
        for row in rows:
            self.found += 1
            self.nodes.add(row.get(NODE))
            if isinstance(sharing := row.get(SHARING), str):
                self.sharings[sharing] = None
            yield row


def first(rows: Iterable[Row], column: str, most: int | None, *, descending: bool) -> list[Row]:
    """The `most` rows with the least in a column, or with the most, without those that have nothing there."""
    there = (row for row in rows if row[column] is not None)

    def place(row: Row) -> tuple[str, Any]:
        return _order(row[column])

    if most is None:
        return sorted(there, key=place, reverse=descending)
    return (heapq.nlargest if descending else heapq.nsmallest)(most, there, key=place)


def _order(value: object) -> tuple[str, Any]:
    """Numbers among each other by value, texts by the alphabet."""
    return ("", value) if isinstance(value, int | float) else ("text", str(value))
