"""Is the cheapest sequence of groups found, and is the price of few of them asked for?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hypothesis import given
from hypothesis import strategies as st

from lifsim.schedule.cheapest import Question, cheapest, least, on_cheapest
from lifsim.schedule.choices import Choice
from lifsim.schedule.plan import GroupPlan
from lifsim.schedule.window import TIMESTEP


def choice(first: int, end: int, moved: int) -> Choice:
    return Choice(GroupPlan(first, end - 1, 1, (), None, (), TIMESTEP), moved)


@st.composite
def networks_of_groups(draw: st.DrawFn) -> tuple[list[Choice], dict[Choice, int], dict[Choice, int]]:
    """Groups through up to five layers, all single ones among them; prices, and floors below them."""
    layers = draw(st.integers(1, 5))
    spans = [(first, end) for end in range(1, layers + 1) for first in range(end)]
    groups = [
        choice(first, end, draw(st.integers(1, 9))) for first, end in spans for _ in range(draw(st.integers(1, 2)))
    ]
    price = {one: draw(st.integers(1, 20)) for one in groups}
    return groups, price, {one: draw(st.integers(0, price[one])) for one in groups}


def sequences(groups: Sequence[Choice], first: int = 0) -> Iterator[tuple[Choice, ...]]:
    end = max(one.end for one in groups)
    for one in groups:
        if one.first == first:
            rest = [()] if one.end == end else sequences(groups, one.end)
            yield from ((one, *others) for others in rest)


def cost(path: Sequence[Choice], price: dict[Choice, int]) -> tuple[int, int, int]:
    return sum(price[one] for one in path), sum(one.dram_bytes for one in path), len(path)


@given(networks_of_groups())
def test_no_sequence_is_cheaper(drawn: tuple[list[Choice], dict[Choice, int], dict[Choice, int]]) -> None:
    groups, price, _ = drawn
    best = min(cost(path, price) for path in sequences(groups))
    assert cost(cheapest(groups, lambda one: (price[one], one.dram_bytes, 1)), price) == best
    on_best = {one for path in sequences(groups) if cost(path, price)[0] == best[0] for one in path}
    assert on_cheapest(groups, price.__getitem__) == [one for one in groups if one in on_best]


@given(networks_of_groups(), st.integers(0, 60))
def test_prices_are_asked_for_as_long_as_they_may_win(
    drawn: tuple[list[Choice], dict[Choice, int], dict[Choice, int]], most: int
) -> None:
    groups, price, floor = drawn
    asked: list[Choice] = []

    def ask(one: Choice) -> int:
        asked.append(one)
        return price[one]

    singles = [one for one in groups if one.end - one.first == 1]
    found = least(groups, singles, Question(floor.__getitem__, ask, most))
    assert len(asked) == len({*asked}) == found.priced
    assert sum(one.dram_bytes for one in asked if one not in singles) <= most
    known = [path for path in sequences(groups) if {*asked}.issuperset(path)]
    assert cost(found.groups, price) == min(cost(path, price) for path in known)
    best = min(cost(path, price)[0] for path in sequences(groups))
    if found.exact:
        assert cost(found.groups, price)[0] == best
    else:
        spent = sum(one.dram_bytes for one in asked if one not in singles)
        assert spent + sum(one.dram_bytes for one in {*groups} - {*asked}) > most


def test_a_price_that_cannot_win_is_not_asked_for() -> None:
    """Both layers together have a floor of 7, one after the other they cost 6."""
    first, second, both = choice(0, 1, 1), choice(1, 2, 1), choice(0, 2, 1)
    floors, prices = {first: 0, second: 0, both: 7}, {first: 3, second: 3}
    found = least([first, both, second], [first, second], Question(floors.__getitem__, prices.__getitem__, 100))
    assert (found.groups, found.priced, found.exact) == ((first, second), 2, True)
