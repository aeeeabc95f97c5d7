"""A fault of a workload's graph whose line is not known yet."""

from __future__ import annotations

from lifsim.lazy_dataclass import dataclass

Loc = tuple[str | int, ...]


@dataclass(frozen=True)
class Problem:
    """A fault whose line is not known yet. loc: the keys that lead to it."""

    loc: Loc
    message: str
