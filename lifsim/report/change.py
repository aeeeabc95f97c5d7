"""A shared run compared with runs without sharing: the main figures, with units."""

from __future__ import annotations

from collections.abc import Sequence

from lifsim.lazy_dataclass import dataclass
from lifsim.report.quantities import KEPT, quantities
from lifsim.simulate.result import Result
from lifsim.units import change_text


@dataclass(frozen=True)
class Against:
    """What a run without sharing has, as text, and how much more the shared one has, as a share of it: None of
    nothing."""

    value: str
    change: float | None

    @property
    def change_text(self) -> str:
        """`-12.3 %`, `=`, or empty."""
        return change_text(self.change)


@dataclass(frozen=True)
class Figure:
    """One line of the console table: a value as text, and beside those of the baselines."""

    group: str
    name: str
    value: str
    baselines: tuple[Against, ...]


def figures(run: Result, baselines: Sequence[Result]) -> list[Figure]:
    """The lines of the table; quantities that are zero in all runs are left out, except LIF memory."""
    rows = zip(quantities(run), *map(quantities, baselines), strict=True)
    lines = []
    for ours, *theirs in rows:
        if ours.value or any(other.value for other in theirs) or ours.group == KEPT:
            beside = (Against(one.text, ours.value / one.value - 1 if one.value else None) for one in theirs)
            lines.append(Figure(ours.group, ours.name, ours.text, tuple(beside)))
    return lines
