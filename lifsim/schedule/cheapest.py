"""The cheapest partition of a network into groups: a group's cost is its own, so that dynamic programming over the cuts
finds it:

    best(j) = min over groups i..j of best(i) + cost(group)

Where a cost takes long to know, `least` asks for few: a shortest path whose edges are weighed only where what they
cannot go below would let them lie on it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf
from operator import add, attrgetter

from lifsim.lazy_dataclass import dataclass
from lifsim.schedule.choices import Choice

Cost = tuple[float, ...]
"""Compared place by place."""


def cheapest(groups: Sequence[Choice], cost: Callable[[Choice], Cost]) -> tuple[Choice, ...]:
    """Of all sequences of `groups` from the first cut to the last, the one with the least sum of `cost`; of equals the
    one whose last group comes first in `groups`."""
    best = _best(groups, cost)
    path: list[Choice] = []
    cut = max(best)
    while cut in best:
        path.append(best[cut][1])
        cut = path[-1].first
    return tuple(reversed(path))


def on_cheapest(groups: Sequence[Choice], cost: Callable[[Choice], int]) -> list[Choice]:
    """Those of `groups` that lie on a sequence with the least sum of `cost`, in their order."""
    before = {cut: total for cut, ((total,), _) in _best(groups, lambda choice: (cost(choice),)).items()}
    end = max(before)
    before[min(choice.first for choice in groups)] = 0
    behind = {end: 0.0}
    for choice in sorted(groups, key=attrgetter("first"), reverse=True):
        behind[choice.first] = min(behind.get(choice.first, inf), behind.get(choice.end, inf) + cost(choice))
    return [
        choice
        for choice in groups
        if before.get(choice.first, inf) + cost(choice) + behind.get(choice.end, inf) == before[end]
    ]


def _best(groups: Sequence[Choice], cost: Callable[[Choice], Cost]) -> dict[int, tuple[Cost, Choice]]:
    """By cut behind the first one that `groups` reach, the least cost of what is before it, and its last group."""
    first = min(choice.first for choice in groups)
    best: dict[int, tuple[Cost, Choice]] = {}
    for choice in sorted(groups, key=attrgetter("end")):
        if choice.first != first and choice.first not in best:
            continue
        total = cost(choice)
        if choice.first != first:
            total = tuple(map(add, best[choice.first][0], total))
        if choice.end not in best or total < best[choice.end][0]:
            best[choice.end] = total, choice
    return best


@dataclass(frozen=True)
class Question:
    """What `least` asks of a group: its price, which takes long to know, and a floor that this is never below. most:
    DRAM bytes of all groups whose price is asked for beside those that are asked for first."""

    floor: Callable[[Choice], float]
    price: Callable[[Choice], float]
    most: float


@dataclass(frozen=True)
class Found:
    """What `least` found. priced: how many prices it asked for; exact: whether no other sequence is cheaper, or none of
    those whose prices it asked for."""

    groups: tuple[Choice, ...]
    priced: int
    exact: bool


def least(groups: Sequence[Choice], first: Sequence[Choice], question: Question) -> Found:
    """The sequence of `groups` with the least sum of prices, of equals the one that moves fewer bytes, of these the one
    with fewer groups. first: groups whose price is asked for anyhow; a whole sequence is among them."""
    known = {choice: question.floor(choice) for choice in groups}
    priced: set[Choice] = set()

    def cost(choice: Choice) -> Cost:
        return known[choice], choice.dram_bytes, 1

    asked, left = list(dict.fromkeys(first)), question.most
    while True:
        for choice in asked:
            known[choice] = question.price(choice)
            priced.add(choice)
        path = cheapest(groups, cost)
        asked = [choice for choice in path if choice not in priced]
        left -= sum(choice.dram_bytes for choice in asked)
        if not asked:
            return Found(path, len(priced), exact=True)
        if left < 0:
            return Found(cheapest([choice for choice in groups if choice in priced], cost), len(priced), exact=False)
