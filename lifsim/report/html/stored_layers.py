"""layers.csv read back: its layers are those of the run, and its columns add up to the totals beside it."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lifsim.config.json_file import MAX_BYTES
from lifsim.config.text_file import read_text
from lifsim.errors import Fault, InputError
from lifsim.report.stored import WAY_OUT, Stored

ADDED = ("cycles.", "dram_bytes.", "energy_pj.total")
"""Columns that are checked against the totals begin so."""
TEXTS = ("layer", "bound", "tiling")


def read_layers(path: Path, stored: Stored) -> list[dict[str, Any]]:
    """A row a layer, numbers as numbers. Raises InputError if no run with these totals can have written it."""
    if not path.is_file():
        raise InputError(Fault("must be the folder of a whole run: this file is missing", source=str(path)))
    lines = read_text(path, "layers.csv", MAX_BYTES).splitlines()
    faults, rows = list[Fault](), list[dict[str, Any]]()
    for number, line in enumerate(csv.DictReader(lines), start=2):
        try:
            rows.append({name: _value(name, text) for name, text in line.items()})
        except (TypeError, ValueError):
            faults.append(
                Fault(f"must have numbers >= 0 in all columns but {', '.join(TEXTS)}", source=str(path), line=number)
            )
    if not faults:
        faults += [Fault(words, source=str(path)) for words in _unbalanced(rows, stored)]
    if faults:
        raise InputError([*faults, Fault(WAY_OUT, source=str(path.parent))])
    return rows


def _value(name: str, text: str | None) -> int | float | str | None:
    if name is None or text is None:  # a line of more or fewer cells than the first
        raise ValueError
    if name in TEXTS or not text:
        return text or None
    value = int(text) if text.isascii() and text.isdecimal() else float(text)
    if not (math.isfinite(value) and value >= 0):
        raise ValueError
    return value


def _unbalanced(rows: Sequence[Mapping[str, Any]], stored: Stored) -> Iterator[str]:
    """What does not add up."""
    if not rows:
        yield "must have a row a layer, has none"
        return
    missing = [name for name in ("layer", "cycles.total", "dram_bytes.total", "energy_pj.total") if name not in rows[0]]
    if missing:
        yield f"must have the columns {', '.join(missing)}"
        return
    for name, total in stored.totals.figures.items():
        if name.startswith(ADDED) and name in rows[0]:
            found = sum(row[name] or 0 for row in rows)
            if not math.isclose(found, total, rel_tol=1e-9, abs_tol=1e-6):
                yield f"{name} must add up to {total:,}, that of summary.json, adds up to {found:,}"
