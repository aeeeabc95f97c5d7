"""Rows as CSV."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lifsim.csv_text import csv_text


def as_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """CSV text with the columns of the first row; numbers in full."""
    return csv_text(list(rows[0]) if rows else [], rows)
