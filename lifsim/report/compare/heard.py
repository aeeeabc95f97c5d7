"""Runs of a comparison that are kept in memory, too, for a report that tells more of them than their figures."""

from __future__ import annotations

from dataclasses import field

from lifsim.lazy_dataclass import dataclass
from lifsim.report.compare.made import Keep
from lifsim.simulate.result import Result


@dataclass(frozen=True)
class Heard:
    """Tells `keep` of every run; with `wanted`, `results` has them by label: those that this process has made."""

    keep: Keep
    wanted: bool
    results: dict[str, Result] = field(default_factory=dict)

    def __call__(self, label: str, result: Result) -> None:
        self.keep(label, result)
        if self.wanted:
            self.results[label] = result
