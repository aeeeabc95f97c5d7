"""Is the time that a sweep has left told right, of points that share what they have in common?"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifsim.sweeps.anew import Anew
from lifsim.sweeps.coarse import CoarseGrid, drawn, in_stretches, without
from lifsim.sweeps.remaining import ByGrid, Paced
from lifsim.sweeps.space import Axis, Space
from lifsim.sweeps.values import parse_values

AGAIN = 0.005

Cost = Callable[[tuple[int, ...]], float]
"""Seconds of what is computed for these places on the axes of a set."""


def _space(sharings: Sequence[str], *counts: int) -> Space:
    axes = [Axis("sharing", parse_values("sharing", list(sharings)))]
    for place, count in enumerate(counts):
        key = f"buffers.weight.banks{place}"
        axes.append(Axis(key, parse_values(key, list(range(1, count + 1)))))
    return Space(tuple(axes))


def _seconds(space: Space, order: Sequence[int], costs: dict[tuple[int, ...], Cost]) -> list[float]:
    """Of each point in `order`: what depends on a set of axes is computed once for each combination of their values."""
    seen, found = set(), []
    for point in order:
        places, seconds = space.places(point), AGAIN
        for axes, cost in costs.items():
            asked = (axes, tuple(places[axis] for axis in axes))
            seconds += 0.0 if asked in seen else cost(asked[1])
            seen.add(asked)
        found.append(seconds)
    return found


def _order(space: Space) -> list[int]:
    first = CoarseGrid(space).points()
    return [*first, *without(range(space.points), first)]


def _by_grid(space: Space, order: Sequence[int]) -> ByGrid:
    """Of a sweep of one process that begins."""
    grid = CoarseGrid(space)
    return ByGrid(grid, order, Anew(grid, order, 1))


def _ratios(space: Space, costs: dict[tuple[int, ...], Cost], shares: Sequence[float]) -> Iterator[float]:
    """What is told at so many of the points, over what is left."""
    order = _order(space)
    seconds, rest = _seconds(space, order, costs), _by_grid(space, order)
    marks = [int(share * len(order)) for share in shares]
    for run, (point, took) in enumerate(zip(order, seconds, strict=True), start=1):
        rest.add(point, took)
        if run in marks:
            yield rest.left.seconds / sum(seconds[run:])


axes_sets = st.sets(st.integers(0, 3), min_size=1).map(lambda axes: tuple(sorted(axes)))


@given(st.dictionaries(axes_sets, st.floats(0.001, 0.5), max_size=6))
def test_to_run_the_coarse_grid_first_changes_what_no_point_costs(dear: dict[tuple[int, ...], float]) -> None:
    space, costs = _space(["none", "layer"], 5, 4, 3), {}
    for axes, most in dear.items():
        costs[axes] = lambda places, most=most: most / (1 + sum(places))
    order = _order(space)
    first = dict(zip(order, _seconds(space, order, costs), strict=True))
    assert first == dict(enumerate(_seconds(space, range(space.points), costs)))


@given(st.dictionaries(axes_sets, st.floats(0.001, 0.05), max_size=6), st.integers(1, 3))
def test_what_costs_the_same_for_all_values_is_known_behind_the_coarse_grid(
    dear: dict[tuple[int, ...], float], kinds: int
) -> None:
    """And what is computed once for several kinds, too."""
    space = _space(["none", "layer", "channel2"][:kinds], 6, 4, 4)
    costs: dict[tuple[int, ...], Cost] = {axes: lambda _, most=most: most for axes, most in dear.items()}
    share = len(CoarseGrid(space).points()) / space.points
    for ratio in _ratios(space, costs, [share, 0.5, 0.8]):
        assert ratio == pytest.approx(1.0, rel=1e-6)


@given(st.dictionaries(axes_sets, st.tuples(st.floats(0.001, 0.3), st.floats(-0.33, 0.5)), max_size=5))
def test_costs_that_rise_by_a_half_or_fall_by_a_third_along_the_axes_are_known_within_a_fifth(
    dear: dict[tuple[int, ...], tuple[float, float]],
) -> None:
    space, costs = _space(["none", "layer"], 9, 4, 4), {}
    for axes, (most, slope) in dear.items():
        costs[axes] = lambda places, most=most, slope=slope: most * (1 + slope * sum(places) / 14)
    for ratio in _ratios(space, costs, [0.2, 0.25, 0.5]):
        assert 1 / 1.2 < ratio < 1.2


def test_values_above_which_nothing_is_new_are_seen_on_the_lines_of_each_kind() -> None:
    """As of a buffer that is large enough under one sharing, and under the other is not."""
    space = _space(["none", "layer"], 10, 5, 5)
    grid, order = CoarseGrid(space), _order(space)

    def needed(point: int) -> int:
        sharing, buffer, *others = space.places(point)
        return space.point([sharing, min(buffer, 3) if sharing == 0 else buffer, *others])

    seconds = _seconds(space, [needed(point) for point in order], {(0, 1, 2): lambda _: 0.1})
    rest, behind_grid, of_none = (
        _by_grid(space, order),
        len(grid.points()),
        max(map(order.index, range(space.points // 2))),
    )
    for run, (point, took) in enumerate(zip(order, seconds, strict=True), start=1):
        rest.add(point, took)
        if run in (behind_grid, of_none + 1):
            assert rest.left.seconds == pytest.approx(sum(seconds[run:]), rel=0.08)


def test_a_value_that_no_crossed_point_has_is_learnt_when_it_came_twice() -> None:
    space = _space(["none"], 20, 7)
    shares = [len(CoarseGrid(space).points()) / space.points, 0.4, 0.9]
    at = list(_ratios(space, {(1, 2): lambda places: 0.3 * (places[1] == 2 and places[0] > 0)}, shares))
    assert at[0] < 0.5
    assert at[1:] == pytest.approx([1.0, 1.0], rel=0.1)


@pytest.mark.parametrize("where", [*range(4, 10), 40])
def test_a_pause_of_the_machine_does_not_count_for_all_that_a_point_stands_for(where: int) -> None:
    """Where several axes are off their first values, so that it stands for many."""
    space = _space(["none"], 8, 5, 5)
    order = _order(space)
    seconds = _seconds(space, order, {(2, 3): lambda _: 0.1})
    rest = _by_grid(space, order)
    for run, (point, took) in enumerate(zip(order[:60], seconds, strict=False)):
        rest.add(point, took + 3.0 * (run == where))
    assert rest.left.seconds == pytest.approx(sum(seconds[60:]), rel=0.5)


def test_costs_that_rise_along_several_axes_are_no_pauses() -> None:
    """As of more images on a smaller array."""
    space, costs = _space(["none"], 9, 6, 5), {(1, 2, 3): lambda places: 0.01 * math.prod(1 + each for each in places)}
    share = len(CoarseGrid(space).points()) / space.points
    for ratio in _ratios(space, costs, [share, 0.5]):
        assert 1 / 1.25 < ratio < 1.25


def test_before_all_crossed_points_were_run_it_is_a_bound() -> None:
    space = _space(["none", "layer"], 8, 5, 5)
    grid, order = CoarseGrid(space), _order(space)
    seconds, rest = _seconds(space, order, {(1, 2): lambda _: 0.1, (0, 3): lambda _: 0.02}), _by_grid(space, order)
    assert rest.left == (rest.left.__class__)(0.0, known=False)
    crossed = {grid.point(kind, cell) for kind in grid.kinds for cell in grid.crossed}
    for run, (point, took) in enumerate(zip(order, seconds, strict=True), start=1):
        rest.add(point, took)
        crossed.discard(point)
        assert rest.left.known == (not crossed)
        if crossed:
            assert rest.left.seconds > 0.9 * sum(seconds[run:])
    assert rest.left.seconds == pytest.approx(0, abs=1e-6)


def test_a_kind_of_which_no_point_was_run_is_as_the_others() -> None:
    space = _space(["none", "layer", "channel2"], 6, 4)
    rest = _by_grid(space, range(space.points))
    rest.add(0, 1.0)
    assert rest.left.seconds == pytest.approx(23 + 2 * 24)


def test_kinds_that_are_left_out_are_stood_for() -> None:
    words = Space(tuple(Axis(f"word{n}", parse_values("x", [f"w{i}" for i in range(9)])) for n in range(2)))
    grid = CoarseGrid(words)
    assert len(grid.kinds) == len(grid.points()) == 32
    assert not grid.of_all_kinds
    rest = _by_grid(words, _order(words))
    for point in _order(words):
        rest.add(point, 1.0)
        if point == grid.points()[-1]:
            assert rest.left.seconds == pytest.approx(81 - 32)
    assert rest.left.seconds == pytest.approx(0, abs=1e-6)


def test_the_coarse_grid_crosses_a_tenth_of_the_points_and_has_a_line_of_each_axis_for_each_word() -> None:
    grid = CoarseGrid(_space(["none", "layer"], 100, 20, 10))
    assert [list(values)[:: len(values) - 1] for values in grid.values] == [[0, 99], [0, 19], [0, 9]]
    points = grid.points()
    assert len(points) == len(set(points)) <= 2_000
    placed = {grid.placed(point) for point in points}
    assert {kind for kind, _ in placed} == {(0,), (1,)}
    for kind, (axis, values) in product(grid.kinds, enumerate(grid.lines)):
        assert values[0] == 0
        assert values[-1] == grid.shape[axis] - 1
        assert len(values) <= 12
        assert {(kind, grid.on_axis(axis, value)) for value in values} <= placed
    for kind, cell in placed:  # of every point, those that are like it but for an axis at its first value
        at_first = [(*cell[:axis], 0, *cell[axis + 1 :]) for axis in range(3)]
        assert all(points.index(grid.point(kind, one)) <= points.index(grid.point(kind, cell)) for one in at_first)


def test_costs_that_no_crossed_point_has_are_learnt_from_points_that_are_drawn() -> None:
    """Though nearly each of these finds a pair of values anew, which few of those that are left do."""
    space = _space(["none", "layer"], 40, 40, 6)
    grid = CoarseGrid(space)
    first = grid.points()
    some = drawn(without(range(space.points), first))
    order = [*first, *some, *without(range(space.points), [*first, *some])]
    costs: dict[tuple[int, ...], Cost] = {
        (0, 1, 2): lambda places: 0.2 * (8 < places[1] < 32 and 8 < places[2] < 32),
        (0, 1, 2, 3): lambda _: 0.002,
    }
    seconds, rest = _seconds(space, order, costs), ByGrid(grid, order, Anew(grid, order, 1), {}, some)
    for point, took in zip(order[: len(first) + len(some)], seconds, strict=False):
        rest.add(point, took)
    assert rest.left.seconds == pytest.approx(sum(seconds[len(first) + len(some) :]), rel=0.15)


def test_of_a_sample_it_is_the_pace() -> None:
    rest = Paced(10)
    assert rest.left.seconds == 0
    for point, seconds in enumerate([1.0, 2.0, 3.0]):
        rest.add(point, seconds)
    assert rest.left.seconds == 14


@given(st.integers(1, 9), st.integers(0, 200))
def test_whatever_the_stretches_all_points_are_in_them_once(hands: int, left_out: int) -> None:
    space = _space(["none", "layer", "channel2"], 8, 5)
    grid = CoarseGrid(space)
    first = grid.points()
    others = without(range(space.points), first)[left_out:]
    points = in_stretches(space, first, others, hands)
    assert sorted(points) == sorted([*first, *others])
    assert [point for point in points if point not in set(first)] == list(others)
    if hands == 1:
        assert points == [*first, *others]


@pytest.mark.parametrize(("hands", "of_kinds"), [(1, [0]), (2, [0, 2]), (3, [0, 1, 2]), (5, [0, 1, 2])])
def test_each_stretch_begins_with_kinds_of_its_own(hands: int, of_kinds: list[int]) -> None:
    space = _space(["none", "layer", "channel2"], 8, 5)
    grid = CoarseGrid(space)
    first = grid.points()
    points = in_stretches(space, first, without(range(space.points), first), hands)
    for hand in range(hands):
        begin, kinds = len(points) * hand // hands, [*of_kinds, *[3] * hands]
        own = {point for point in first if kinds[hand] <= grid.placed(point)[0][0] < kinds[hand + 1]}
        assert set(points[begin : begin + len(own)]) == own
        assert points[begin + len(own)] not in first
