"""What a benchmark is given: how often to measure, and what its figures may be held against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.frame.figure import Limit


@dataclass(frozen=True)
class Session:
    """rounds: pairs of each figure. folder: to work in, empty. past: the source tree of an earlier LIFSim. limits: of
    this machine, by the names of the figures of bench_roofline.py."""

    rounds: int
    folder: Path
    past: Path | None = None
    limits: Mapping[str, Limit] = field(default_factory=dict)

    def limit(self, name: str, amount: float = 1.0) -> Limit | None:
        """A limit of the machine times `amount`; None where it is not measured yet."""
        found = self.limits.get(name)
        return None if found is None else Limit(amount * found.value, found.of)

    def seconds(self, name: str, amount: float) -> Limit | None:
        """How long `amount` takes at the limit's rate."""
        found = self.limits.get(name)
        return None if found is None else Limit(amount / found.value, found.of)
