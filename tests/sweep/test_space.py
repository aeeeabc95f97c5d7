"""Is a space the cross product in a fixed order, and a sample of it spread evenly?"""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifsim.errors import InputError
from lifsim.sweeps.space import MAX_POINTS, Axis, Space, chosen_points, latin_hypercube
from lifsim.sweeps.values import Linear, Listed, parse_values


def _space(*lengths: int) -> Space:
    return Space(tuple(Axis(f"axis{n}", Listed(tuple(range(length)))) for n, length in enumerate(lengths)))


@given(st.lists(st.integers(1, 5), min_size=1, max_size=4))
def test_points_are_the_cross_product_the_last_axis_fastest(lengths: list[int]) -> None:
    space = _space(*lengths)
    expected = list(itertools.product(*map(range, lengths)))
    assert [space.places(point) for point in range(space.points)] == expected
    assert [space.point(places) for places in expected] == list(range(space.points))
    assert [tuple(space.at(point).values()) for point in range(space.points)] == expected


@given(st.lists(st.integers(1, 12), min_size=1, max_size=3), st.integers(1, 40), st.integers(0, 5))
def test_a_sample_has_the_points_asked_for_each_once_and_the_same_again(
    lengths: list[int], count: int, seed: int
) -> None:
    space = _space(*lengths)
    chosen = list(chosen_points(space, count, seed))
    assert len(chosen) == len(set(chosen)) == min(count, space.points)
    assert chosen == sorted(chosen)
    assert all(0 <= point < space.points for point in chosen)
    assert chosen == list(chosen_points(space, count, seed))


def test_a_latin_hypercube_uses_each_stratum_of_each_axis_once() -> None:
    space = _space(100, 20, 10)
    points = [space.places(point) for point in latin_hypercube(space, 10, 3)]
    for axis, length in enumerate((100, 20, 10)):
        assert sorted(places[axis] * 10 // length for places in points) == list(range(10))


def test_another_seed_gives_another_sample() -> None:
    assert latin_hypercube(_space(50, 50), 10, 1) != latin_hypercube(_space(50, 50), 10, 2)


def test_too_many_points_are_refused_before_any_is_made_and_a_sample_of_them_is_not() -> None:
    space = Space(tuple(Axis(name, parse_values(name, "1:1000")) for name in ("a", "b", "c")))
    with pytest.raises(InputError, match=r"1,000,000,000 points .* --sample"):
        chosen_points(space, None, 0)
    assert len(chosen_points(space, 50, 0)) == 50
    with pytest.raises(InputError, match="sample"):
        chosen_points(space, MAX_POINTS + 1, 0)
    endless = Space((Axis("a", Linear(parse_values("a", "1:2")[0], 1, 10**40)),))  # type: ignore[arg-type]
    assert all(0 <= point < 10**40 for point in chosen_points(endless, 5, 0))
