"""The cheapest way through a network, group by group: a group's cost is its own, so that dynamic programming over the
cuts finds the best partition:

    best(j) = min over ways i..j of best(i) + cost(way)

Where a cost takes long to know, `least` asks for few: a shortest path whose edges are weighed only where what they
cannot go below would let them lie on it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from operator import add, attrgetter

from lifsim.schedule.choices import Way

Cost = tuple[float, ...]
"""Compared place by place."""


def cheapest(ways: Sequence[Way], cost: Callable[[Way], Cost]) -> tuple[Way, ...]:
    """Of all sequences of `ways` from the first cut to the last, the one with the least sum of `cost`; of equals the
    one whose last group comes first in `ways`."""
    best = _best(ways, cost)
    path: list[Way] = []
    cut = max(best)
    while cut in best:
        path.append(best[cut][1])
        cut = path[-1].first
    return tuple(reversed(path))


def on_cheapest(ways: Sequence[Way], cost: Callable[[Way], int]) -> list[Way]:
    """Those of `ways` that lie on a sequence with the least sum of `cost`, in their order."""
    before = {cut: total for cut, ((total,), _) in _best(ways, lambda way: (cost(way),)).items()}
    end = max(before)
    before[min(way.first for way in ways)] = 0
    behind = {end: 0.0}
    for way in sorted(ways, key=attrgetter("first"), reverse=True):
        behind[way.first] = min(behind.get(way.first, inf), behind.get(way.end, inf) + cost(way))
    return [way for way in ways if before.get(way.first, inf) + cost(way) + behind.get(way.end, inf) == before[end]]


def _best(ways: Sequence[Way], cost: Callable[[Way], Cost]) -> dict[int, tuple[Cost, Way]]:
    """By cut behind the first one that `ways` reach, the least cost of what is before it, and its last group."""
    first = min(way.first for way in ways)
    best: dict[int, tuple[Cost, Way]] = {}
    for way in sorted(ways, key=attrgetter("end")):
        if way.first != first and way.first not in best:
            continue
        total = cost(way)
        if way.first != first:
            total = tuple(map(add, best[way.first][0], total))
        if way.end not in best or total < best[way.end][0]:
            best[way.end] = total, way
    return best


@dataclass(frozen=True)
class Question:
    """What `least` asks of a way: its price, which takes long to know, and a floor that this is never below. most: DRAM
    bytes of all ways whose price is asked for beside those that are asked for first."""

    floor: Callable[[Way], float]
    price: Callable[[Way], float]
    most: int


@dataclass(frozen=True)
class Found:
    """What `least` found. priced: how many prices it asked for; exact: whether no other sequence is cheaper, or none of
    those whose prices it asked for."""

    ways: tuple[Way, ...]
    priced: int
    exact: bool


def least(ways: Sequence[Way], first: Sequence[Way], question: Question) -> Found:
    """The sequence of `ways` with the least sum of prices, of equals the one that moves fewer bytes, of these the one
    with fewer groups. first: ways whose price is asked for anyhow; a whole sequence is among them."""
    known = {way: question.floor(way) for way in ways}
    priced: set[Way] = set()

    def cost(way: Way) -> Cost:
        return known[way], way.dram_bytes, 1

    asked, left = list(dict.fromkeys(first)), question.most
    while True:
        for way in asked:
            known[way] = question.price(way)
            priced.add(way)
        path = cheapest(ways, cost)
        asked = [way for way in path if way not in priced]
        left -= sum(way.dram_bytes for way in asked)
        if not asked:
            return Found(path, len(priced), exact=True)
        if left < 0:
            return Found(cheapest([way for way in ways if way in priced], cost), len(priced), exact=False)
