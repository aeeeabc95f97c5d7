"""What runs beside each other have in common, computed once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import TypeVar, TypeVarTuple, cast

T = TypeVar("T")
Arguments = TypeVarTuple("Arguments")

RESULTS = 20_000
"""Results that are kept, the last used: some hundred megabytes at most."""


class Memo:
    """Results of functions under their arguments, which must be hashable: what a function reads is what it is given, so
    that no key can forget what matters. limit: results that are kept, the last used."""

    def __init__(self, limit: int = RESULTS) -> None:
        self._limit = limit
        self._results: OrderedDict[Hashable, object] = OrderedDict()

    def of(self, function: Callable[[*Arguments], T], *arguments: *Arguments) -> T:
        """`function(*arguments)`, as it was the last time."""
        key = (function, *arguments)
        if key in self._results:
            self._results.move_to_end(key)
            return cast(T, self._results[key])
        result = function(*arguments)
        self._results[key] = result
        if len(self._results) > self._limit:
            self._results.popitem(last=False)
        return result


RUNS = 32
"""Runs that are kept, counted or played, the last used; the timeline of each may have a million requests."""


class Shared:
    """What runs beside each other have in common: parts of them, and what whole runs count and how they were played."""

    def __init__(self) -> None:
        self.parts, self.runs = Memo(), Memo(RUNS)
