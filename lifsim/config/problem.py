"""A fault of a workload's graph before it is known where in the file it stands."""

from __future__ import annotations

from lifsim.lazy_dataclass import dataclass

Loc = tuple[str | int, ...]


@dataclass(frozen=True)
class Problem:
    """A fault before it is known where in the file it stands. loc: the keys that lead to it."""

    loc: Loc
    message: str
