"""The table of a store as a file for other programs: CSV, JSON or Parquet; the same store gives the same bytes."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from lifsim.csv_text import csv_text
from lifsim.errors import InputError
from lifsim.sweeps.points import columns_of
from lifsim.sweeps.store import Store
from lifsim.watch import Watch, unwatched

INT64 = 1 << 63
DECIMAL_DIGITS = 38
"""Of Parquet's decimals that every reader knows."""


def table_of(store: Store, watch: Watch = unwatched) -> list[dict[str, Any]]:
    """A row per point in the order of the sweep, all with the same columns, None where a point has no figure."""
    return list(store.select(store.columns(), watch))


def exported(rows: list[dict[str, Any]], form: str) -> bytes:
    """`rows` as "csv", "json" or "parquet"."""
    return _FORMS[form](rows)


def _csv(rows: list[dict[str, Any]]) -> bytes:
    cells = ({name: _cell(value) for name, value in row.items()} for row in rows)
    return csv_text(columns_of(rows), cells).encode()


def _cell(value: object) -> object:
    return json.dumps(value) if isinstance(value, bool | list | dict) else value


def _json(rows: list[dict[str, Any]]) -> bytes:
    return (json.dumps(rows, indent=1) + "\n").encode()


def _parquet(rows: list[dict[str, Any]]) -> bytes:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise InputError("--format parquet needs pyarrow: pip install 'lifsim[parquet]'") from None
    columns = {name: _column([row[name] for row in rows]) for name in columns_of(rows)}
    sink = io.BytesIO()
    parquet.write_table(pa.table(columns), sink)
    return sink.getvalue()


def _column(values: list[Any]) -> list[Any]:
    """Values of one type: where an axis has several, or none of Parquet's, their texts."""
    kinds = {type(value) for value in values if value is not None}
    largest = max((abs(value) for value in values if type(value) is int), default=0)
    if kinds == {int, float} and largest < 1 << 1023:
        return [None if value is None else float(value) for value in values]
    if kinds == {int} and INT64 <= largest < 10**DECIMAL_DIGITS:
        return [None if value is None else Decimal(value) for value in values]
    if len(kinds) <= 1 and not kinds & {list, dict} and largest < INT64:
        return values
    return [None if value is None else value if isinstance(value, str) else json.dumps(value) for value in values]


_FORMS: dict[str, Callable[[list[dict[str, Any]]], bytes]] = {"csv": _csv, "json": _json, "parquet": _parquet}
FORMATS = tuple(_FORMS)
