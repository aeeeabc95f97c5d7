"""Results of earlier runs, read back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from lifsim.errors import Fault, InputError
from lifsim.report.summary import SCHEMA_VERSION, SUMMARY_FORMAT

_NEEDED = ("inputs", "cycles", "energy_pj")


def read_summaries(folders: Iterable[Path]) -> list[Mapping[str, Any]]:
    """The summary.json of every folder. Raises InputError naming each that holds none of this LIFSim's schema."""
    found, faults = [], []
    for folder in folders:
        try:
            summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            summary = None
        fault = _fault(summary)
        if fault:
            faults.append(Fault(fault, source=str(folder)))
        else:
            found.append(summary)
    if faults:
        raise InputError(faults)
    return found


def _fault(summary: object) -> str | None:
    if not isinstance(summary, dict) or summary.get("format") != SUMMARY_FORMAT:
        return "must be the folder of a run, with a summary.json"
    if summary.get("schema_version") != SCHEMA_VERSION:
        return f"schema_version {summary.get('schema_version')!r} of its summary.json must be {SCHEMA_VERSION}"
    missing = [key for key in _NEEDED if not isinstance(summary.get(key), dict)]
    return f"summary.json must have {', '.join(missing)}" if missing else None
