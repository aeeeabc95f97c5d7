"""What was measured, kept: results/NAME.json for each benchmark, a record for each of its figures."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from benchmarks.frame.figure import Figure, Limit
from benchmarks.frame.load import Load
from benchmarks.frame.machine import Machine

RESULTS = Path(__file__).parents[1] / "results"
"""Where they are."""


@dataclass(frozen=True)
class Record:
    """A figure, on what machine it was measured, the load average before the first figure of that run, and what others
    did meanwhile."""

    figure: Figure
    machine: Machine
    load_before: float
    meanwhile: Load


RECORDS = TypeAdapter(list[Record])


def read(name: str, folder: Path) -> list[Record]:
    """Of a benchmark, none where it never ran."""
    file = folder / f"{name}.json"
    return RECORDS.validate_json(file.read_bytes()) if file.is_file() else []


def keep(name: str, records: Iterable[Record], folder: Path) -> None:
    """Put them in the place of those of the same figures, under another name first, so that there is no half file.

    Raises ValueError for a record of a busy machine.
    """
    fresh = {record.figure.name: record for record in records}
    if busy := [figure for figure, record in fresh.items() if not record.meanwhile.is_idle]:
        raise ValueError(f"measured on a busy machine: {', '.join(busy)}")
    merged = {record.figure.name: record for record in read(name, folder)} | fresh
    folder.mkdir(exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
        file.write(RECORDS.dump_json(list(merged.values()), indent=1) + b"\n")
    Path(file.name).chmod(0o644)  # a temporary one is its owner's alone
    Path(file.name).replace(folder / f"{name}.json")


def limits(folder: Path) -> dict[str, Limit]:
    """Of this machine, as the figures of bench_roofline.py."""
    return {
        record.figure.name: Limit(record.figure.ours.median, record.figure.name) for record in read("roofline", folder)
    }
