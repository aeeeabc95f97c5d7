"""What became of one point of a sweep: a row of figures, or an error."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lifsim.simulate.result import Result


@dataclass(frozen=True)
class Outcome:
    """key: hash of everything that determines the figures. figures: dotted names as in layers.csv, None if it failed;
    error: why, None if it did not."""

    point: int
    key: str
    figures: Mapping[str, Any] | None
    error: str | None = None


def figures_of(result: Result) -> dict[str, Any]:
    """The totals of a run in one level: `cycles.total`, `energy_pj.dram`, `area_mm2`."""
    return dict(_flat(result.totals.tree(), ""))


def _flat(tree: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    """An energy's own name holds its total, as in layers.csv: `energy_pj.dram`, `energy_pj.dram.leakage`."""
    for name, value in tree.items():
        key = prefix if name == "total" and "leakage" in tree else f"{prefix}.{name}" if prefix else name
        if isinstance(value, Mapping):
            yield from _flat(value, key)
        else:
            yield key, value
