"""The cheapest partition of a network into groups. A group's cost does not depend on the others, so that dynamic
programming over the cuts finds it:

    best(j) = min over groups i..j of best(i) + cost(group)

If a cost is slow to compute, `least` computes few: it searches a shortest path whose edges weigh their lower bounds,
and computes those that lie on it until none is a mere bound.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf
from operator import add, attrgetter

from lifsim.lazy_dataclass import dataclass
from lifsim.schedule.choices import Choice

Cost = tuple[float, ...]
"""Costs, compared lexicographically."""


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
    """For each cut that `groups` reach, the least cost of all before it, and the last group of such a sequence."""
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
    """What `least` asks of a group: its price, which is slow to compute, and its floor, a lower bound of the price.
    most: limit on the DRAM bytes, in all, of the groups that are priced after the first ones."""

    floor: Callable[[Choice], float]
    price: Callable[[Choice], float]
    most: float


@dataclass(frozen=True)
class Found:
    """What `least` found. priced: how many groups it priced; exact: whether no other sequence is cheaper; if not, only
    no other sequence of priced groups is."""

    groups: tuple[Choice, ...]
    priced: int
    exact: bool


def least(groups: Sequence[Choice], first: Sequence[Choice], question: Question) -> Found:
    """The sequence of `groups` with the least sum of prices; of equals the one that moves fewer bytes, then the one
    with fewer groups. first: groups that are priced in any case, a complete sequence among them."""
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
