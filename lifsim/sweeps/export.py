"""The table of a store as a file for other programs: CSV, JSON or Parquet; the same store gives the same bytes.

A few thousand rows are held at a time. A column of Parquet has one type, so that the rows are read twice for it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import field
from decimal import Decimal
from functools import cached_property
from io import TextIOWrapper
from itertools import chain, islice
from typing import Any, BinaryIO

from lifsim.csv_text import write_csv
from lifsim.errors import InputError
from lifsim.lazy_dataclass import dataclass
from lifsim.sweeps.store import Store
from lifsim.watch import Watch, parts, unwatched

INT64 = 1 << 63
DECIMAL_DIGITS = 38
"""Of Parquet's decimals that every reader knows."""

GROUP = 1 << 12
"""Rows of Parquet that are written together."""

Rows = Iterator[dict[str, Any]]


def table_of(store: Store, watch: Watch = unwatched) -> list[dict[str, Any]]:
    """A row per point in the order of the sweep, all with the same columns, None where a point has no figure."""
    return list(store.select(store.columns(), watch))


def export(store: Store, form: str, file: BinaryIO, watch: Watch = unwatched) -> None:
    """Write the table of `store`, as it is at this moment, as "csv", "json" or "parquet". Raises InputError where the
    store is damaged, with a part of the table written."""
    with store.at_one_moment():
        _FORMS[form](store, file, watch)


def _csv(store: Store, file: BinaryIO, watch: Watch) -> None:
    columns = store.columns()
    rows = store.select(columns, watch)
    cells = ({name: value if type(value) in _PLAIN else _cell(value) for name, value in row.items()} for row in rows)
    text = TextIOWrapper(file, encoding="utf-8", newline="")
    write_csv(text, columns, cells)
    text.detach()


_PLAIN = {int, float, str, type(None)}
"""What CSV has as it is."""


def _cell(value: object) -> object:
    return json.dumps(value) if isinstance(value, bool | list | dict) else value


def _json(store: Store, file: BinaryIO, watch: Watch) -> None:
    before = "[\n"
    for row in store.select(store.columns(), watch):
        file.write(f"{before} {_indented(row)}".encode())
        before = ",\n"
    file.write(b"[]\n" if before == "[\n" else b"\n]\n")


def _indented(row: dict[str, Any]) -> str:
    """An object whose values stand on lines of their own, as `json.dumps(rows, indent=1)` puts it."""
    if any(isinstance(value, list | dict) for value in row.values()):
        return json.dumps(row, indent=1).replace("\n", "\n ")  # in JSON no text has a line end
    # The same without `indent`, which is slow and leaves a cycle of functions behind every row for the collector.
    return f"{{\n  {json.dumps(row, separators=(_LINE, ': '))[1:-1]}\n }}"


_LINE = ",\n  "


def _parquet(store: Store, file: BinaryIO, watch: Watch) -> None:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise InputError("--format parquet needs pyarrow: pip install 'lifsim[parquet]'") from None
    first, second = parts(watch, 2)
    names = store.columns()
    columns = {name: _Column() for name in names}
    for rows in _groups(store.select(names, first)):
        for name, column in columns.items():
            column.look_at(row[name] for row in rows)
    schema = pa.schema([(name, getattr(pa, column.kind)(*column.digits)) for name, column in columns.items()])
    with parquet.ParquetWriter(file, schema) as writer:
        for rows in chain(_groups(store.select(names, second)), [[]] if not store.count else []):
            cells = [column.cells([row[name] for row in rows]) for name, column in columns.items()]
            writer.write_table(pa.table(cells, schema=schema))


def _groups(rows: Rows) -> Iterator[list[dict[str, Any]]]:
    while group := list(islice(rows, GROUP)):
        yield group


@dataclass
class _Column:
    """Values of one type: where an axis has several, or none of Parquet's, their texts. kinds: of the values; largest:
    of those that are whole numbers."""

    kinds: set[type] = field(default_factory=set)
    largest: int = 0

    def look_at(self, values: Iterable[Any]) -> None:
        """More of them."""
        there = [value for value in values if value is not None]
        self.kinds.update(map(type, there))
        self.largest = max(self.largest, *(abs(value) for value in there if type(value) is int), 0)

    @cached_property
    def kind(self) -> str:
        """Behind the last look, the type of all of them, as Arrow calls it."""
        if self.kinds == {int, float} and self.largest < 1 << 1023:
            return "float64"
        if self.kinds == {int} and INT64 <= self.largest < 10**DECIMAL_DIGITS:
            return "decimal128"
        if len(self.kinds) <= 1 and self.largest < INT64:
            return next((_ARROW[kind] for kind in self.kinds if kind in _ARROW), "string" if self.kinds else "null")
        return "string"

    @property
    def digits(self) -> Sequence[int]:
        """What the type must be told."""
        return (len(str(self.largest)), 0) if self.kind == "decimal128" else ()

    def cells(self, values: list[Any]) -> list[Any]:
        """Some of them, as values of this type."""
        if {self.kind} == {_ARROW.get(kind) for kind in self.kinds}:  # they are that already
            return values
        return [None if value is None else _CELLS[self.kind](value) for value in values]


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


_CELLS: dict[str, Callable[[Any], Any]] = {"float64": float, "decimal128": Decimal, "string": _text}
_ARROW = {int: "int64", float: "float64", bool: "bool_", str: "string"}
_FORMS: dict[str, Callable[[Store, BinaryIO, Watch], None]] = {"csv": _csv, "json": _json, "parquet": _parquet}
FORMATS = tuple(_FORMS)
