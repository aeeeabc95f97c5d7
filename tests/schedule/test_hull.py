"""Is whatever is the cheapest at some price a corner, and nothing else?"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from lifsim.schedule.tick.hull import Offer, corners

OFFERS = st.lists(st.builds(Offer, st.integers(0, 30), st.integers(0, 30), st.none()), min_size=1, max_size=12)


@given(OFFERS, st.fractions(0, 50, max_denominator=50))
def test_the_cheapest_at_any_price_is_a_corner(offers: list[Offer[None]], price: Fraction) -> None:
    assert min(one.first * price + one.second for one in corners(offers)) == min(
        one.first * price + one.second for one in offers
    )


@given(OFFERS)
def test_corners_go_from_the_least_of_one_to_the_least_of_the_other(offers: list[Offer[None]]) -> None:
    found = corners(offers)
    least = min(one.first for one in offers)
    assert found[0].first == least
    assert found[0].second == min(one.second for one in offers if one.first == least)
    assert found[-1].second == min(one.second for one in offers)
    steps = [Fraction(right.second - left.second, right.first - left.first) for left, right in pairwise(found)]
    assert all(step < 0 for step in steps)
    assert steps == sorted({*steps})  # every corner pays at some price that no other does


def test_of_equals_the_first_one_stays() -> None:
    assert corners([Offer(1, 1, "a"), Offer(1, 1, "b"), Offer(2, 1, "c")]) == [Offer(1, 1, "a")]
