"""Rows as CSV whose texts stay texts: no formulas in a spreadsheet, no control characters on a terminal."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TextIO

from lifsim.errors import visible

_FORMULA = ("=", "+", "-", "@")


def csv_text(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """A line of `columns`, then one line per row; numbers in full, missing cells empty."""
    text = io.StringIO()
    write_csv(text, columns, rows)
    return text.getvalue()


def as_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """`csv_text` with the columns of the first row."""
    return csv_text(list(rows[0]) if rows else [], rows)


def write_csv(text: TextIO, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """`csv_text`, row by row, into a file that is opened with newline=""."""
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(safe_cell, columns))
    for row in rows:
        cells = map(row.get, columns)
        writer.writerow([safe_cell(cell) if isinstance(cell, str) else cell for cell in cells])


def cell_text(value: object) -> str:
    """A cell as `write_csv` writes it beside others."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow([safe_cell(value), None])
    return text.getvalue().removesuffix(",\n")


def safe_cell(value: object) -> object:
    """A cell: text that a spreadsheet would take for a formula gets a ' in front (OWASP, "CSV Injection"); numbers,
    also those given as text, stay as they are."""
    if not isinstance(value, str):
        return value
    shown = visible(value)
    return f"'{shown}" if shown.lstrip().startswith(_FORMULA) and not _is_number(shown) else shown


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
