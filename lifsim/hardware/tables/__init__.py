"""Measured and published figures that ship with the product; each file names its source."""

from __future__ import annotations

import csv
from pathlib import Path


def rows(name: str) -> list[dict[str, str]]:
    """The rows of a shipped table; lines that begin with `#` say where it comes from."""
    text = Path(__file__).with_name(name).read_text(encoding="utf-8")
    names, *found = csv.reader(line for line in text.splitlines() if not line.startswith("#"))
    return [dict(zip(names, row, strict=True)) for row in found]
