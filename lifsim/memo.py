"""Results that several runs have in common, computed once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import cached_property
from typing import Generic, TypeVar, TypeVarTuple, cast

import numpy as np

from lifsim.lazy_dataclass import dataclass

T = TypeVar("T")
Arguments = TypeVarTuple("Arguments")

RESULTS = 20_000
"""How many results are kept, the last used ones: some hundred megabytes at most."""


def each_as_one(result: object) -> int:  # noqa: ARG001 (as any weight)
    """The weight of a result if results are merely counted."""
    return 1


class _Key(list[object]):
    """A function and its arguments. They are hashed once: they may be trees of many records."""

    __slots__ = ("_hash",)

    def __init__(self, parts: tuple[object, ...]) -> None:
        super().__init__(parts)
        self._hash = hash(parts)

    def __hash__(self) -> int:  # type: ignore[override]  # a list that nobody changes
        return self._hash


class Many(tuple[T, ...]):
    """Records that are asked for their hashes once, however often all of them are an argument."""

    @cached_property
    def _hash(self) -> int:
        return super().__hash__()

    def __hash__(self) -> int:
        return self._hash


class Memo:
    """Results of functions by their arguments, which must be hashable. A function reads only its arguments, so that no
    key can miss what matters. limit: the total weight of the results that are kept, the last used ones; weight: of one
    result. The latest result is kept whatever it weighs."""

    def __init__(self, limit: int = RESULTS, weight: Callable[[object], int] = each_as_one) -> None:
        self._limit, self._weight = limit, weight
        self._results: OrderedDict[Hashable, tuple[object, int]] = OrderedDict()
        self._weighs = 0

    def of(self, function: Callable[[*Arguments], T], *arguments: *Arguments) -> T:
        """`function(*arguments)`, computed only if its result is not kept."""
        key = _Key((function, *arguments))
        if (entry := self._results.get(key)) is not None:
            self._results.move_to_end(key)
            return cast(T, entry[0])
        return self._keep(function(*arguments), key)

    def place(self, function: Callable[[*Arguments], T], *arguments: *Arguments) -> Place[T]:
        """Where `function(*arguments)` is kept, for code that computes a missing result itself: it saves the frame of
        `of` on the way down to a fold."""
        return Place(self, _Key((function, *arguments)))

    def _known(self, key: _Key) -> object | None:
        if (entry := self._results.get(key)) is None:
            return None
        self._results.move_to_end(key)
        return entry[0]

    def _keep(self, result: T, key: _Key) -> T:
        weight = self._weight(result)
        self._results[key] = result, weight
        self._weighs += weight
        while self._weighs > self._limit and len(self._results) > 1:
            self._weighs -= self._results.popitem(last=False)[1][1]
        return result


@dataclass(frozen=True)
class Place(Generic[T]):
    """The place of one result in a memo."""

    memo: Memo
    key: _Key

    @property
    def known(self) -> T | None:
        """The result if it is kept, else None."""
        return cast("T | None", self.memo._known(self.key))

    def keep(self, result: T) -> T:
        """Keep `result`, and return it."""
        return self.memo._keep(result, self.key)


def bytes_of_arrays(result: object) -> int:
    """Bytes of all arrays in a record, its cached properties and the records in it; an array that occurs twice counts
    twice. A record with an attribute `array_bytes` says them itself."""
    found, left = 0, [result]
    while left:
        one = left.pop()
        if isinstance(one, np.ndarray):
            found += one.nbytes
        elif isinstance(one, int | float | str):
            continue
        elif isinstance(one, tuple | list):
            left += [each for each in one if type(each) not in PLAIN]
        elif (known := getattr(one, "array_bytes", None)) is not None:
            found += known
        elif hasattr(one, "__dataclass_fields__"):  # as `is_dataclass`, which is slower for numbers
            left += [each for each in vars(one).values() if type(each) not in PLAIN]
    return found


PLAIN = {int, float, bool, str, bytes, type(None)}
"""Types of most values in records; none of them is or contains an array."""


RUN_BYTES = 1 << 28
"""Bytes of the runs that are kept, counted or played, the last used ones; a timeline may have a million requests."""


class Shared:
    """What several runs have in common. parts: results for parts of runs; runs: the counts and timelines of whole
    runs."""

    def __init__(self) -> None:
        self.parts, self.runs = Memo(), Memo(RUN_BYTES, bytes_of_arrays)
