"""The table of a store as a file for other programs: CSV, JSON or Parquet; the same store gives the same bytes.

A few thousand rows are held at a time, column by column. A column of Parquet has one type, so that the rows are read
twice for it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import field
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any, BinaryIO

from lifsim.csv_text import cell_text, csv_text
from lifsim.errors import InputError
from lifsim.lazy_dataclass import dataclass
from lifsim.sweeps.cell_texts import cell_texts
from lifsim.sweeps.columns import groups
from lifsim.sweeps.store import Store
from lifsim.watch import Watch, parts, unwatched

if TYPE_CHECKING:
    from lifsim.sweeps.columns import Column

INT64 = 1 << 63
DECIMAL_DIGITS = 38
"""Of Parquet's decimals that every reader knows."""

GROUP = 1 << 12
"""Rows of Parquet that are written together."""


def table_of(store: Store, watch: Watch = unwatched) -> list[dict[str, Any]]:
    """A row per point in the order of the sweep, all with the same columns, None where a point has no figure."""
    return list(store.select(store.columns(), watch))


def export(store: Store, form: str, file: BinaryIO, watch: Watch = unwatched) -> None:
    """Write the table of `store`, as it is at this moment, as "csv", "json" or "parquet". Raises InputError where the
    store is damaged, with a part of the table written."""
    with store.at_one_moment():
        _FORMS[form](store, file, watch)


_NUMBERS = {int, float}
"""Which CSV and JSON write as Python does, all being finite."""


def _csv(store: Store, file: BinaryIO, watch: Watch) -> None:
    columns = store.columns()
    file.write(csv_text(columns, []).encode())
    for line in _lines(store, columns, _csv_cell, watch):
        file.write(f"{','.join(line)}\n".encode())


def _csv_cell(value: object) -> str:
    if type(value) in _NUMBERS:
        return repr(value)
    return cell_text(json.dumps(value) if isinstance(value, bool | list | dict) else value)


def _json(store: Store, file: BinaryIO, watch: Watch) -> None:
    """As `json.dumps(rows, indent=1)` has it."""
    columns = store.columns()
    names = [json.dumps(name).replace("%", "%%") for name in columns]
    row = ",\n  ".join(f"{name}: %s" for name in names)
    before = "[\n"
    for line in _lines(store, columns, _json_cell, watch):
        file.write(f"{before} {{\n  {row % line}\n }}".encode())
        before = ",\n"
    file.write(b"[]\n" if before == "[\n" else b"\n]\n")


def _json_cell(value: object) -> str:
    """Lists and objects in lines of their own."""
    if type(value) in _NUMBERS:
        return repr(value)
    if isinstance(value, list | dict):
        return json.dumps(value, indent=1).replace("\n", "\n  ")  # in JSON no text has a line end
    return json.dumps(value)


def _lines(
    store: Store, columns: Sequence[str], text_of: Callable[[Any], str], watch: Watch
) -> Iterator[tuple[str, ...]]:
    """The texts of each row."""
    for some in store.some_at_a_time(columns, watch):
        yield from zip(*(cell_texts(some.values[name], text_of) for name in columns), strict=True)


def _parquet(store: Store, file: BinaryIO, watch: Watch) -> None:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise InputError("--format parquet needs pyarrow: pip install 'lifsim[parquet]'") from None
    first, second = parts(watch, 2)
    names = store.columns()
    columns = {name: _Column() for name in names}
    for some in store.some_at_a_time(names, first):
        for name, column in columns.items():
            column.look_at(some.values[name])
    schema = pa.schema([(name, getattr(pa, column.kind)(*column.digits)) for name, column in columns.items()])
    with parquet.ParquetWriter(file, schema) as writer:
        for group in groups(store.some_at_a_time(names, second), GROUP, names):
            cells = [column.cells(group.values[name]) for name, column in columns.items()]
            writer.write_table(pa.table(cells, schema=schema))


@dataclass
class _Column:
    """Values of one type: where an axis has several, or none of Parquet's, their texts. kinds: of the values; largest:
    of those that are whole numbers."""

    kinds: set[type] = field(default_factory=set)
    largest: int = 0

    def look_at(self, values: Column) -> None:
        """More of them."""
        if not isinstance(values, list):
            self.kinds.add(type(values[0].item()))
            if int in self.kinds and values.dtype.kind == "i":
                self.largest = max(self.largest, int(values.max()), -int(values.min()))
            return
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

    def cells(self, values: Column) -> Column:
        """Some of them, as values of this type."""
        if {self.kind} == {_ARROW.get(kind) for kind in self.kinds}:  # they are that already
            return values
        plain = values if isinstance(values, list) else values.tolist()
        return [None if value is None else _CELLS[self.kind](value) for value in plain]


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


_CELLS: dict[str, Callable[[Any], Any]] = {"float64": float, "decimal128": Decimal, "string": _text}
_ARROW = {int: "int64", float: "float64", bool: "bool_", str: "string"}
_FORMS: dict[str, Callable[[Store, BinaryIO, Watch], None]] = {"csv": _csv, "json": _json, "parquet": _parquet}
FORMATS = tuple(_FORMS)
