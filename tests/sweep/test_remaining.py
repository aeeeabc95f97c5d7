"""Is the time that a sweep has left told right, of points that share what they have in common?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

import pytest

from lifsim.sweeps.lines import Lines, run_first, without
from lifsim.sweeps.plan import Plan, plan
from lifsim.sweeps.remaining import ByLines, Paced, remaining
from lifsim.sweeps.request import options_document, read_request
from lifsim.sweeps.space import Axis, Space
from lifsim.sweeps.values import parse_values

AGAIN, WARM = 0.005, 0.5


def _space(sharings: Sequence[str], *counts: int) -> Space:
    axes = [Axis("sharing", parse_values("sharing", list(sharings)))]
    for place, count in enumerate(counts):
        key = f"buffers.weight.banks{place}"
        axes.append(Axis(key, parse_values(key, list(range(1, count + 1)))))
    return Space(tuple(axes))


def _seconds(space: Space, matter: Sequence[int], scale: Sequence[float], order: Sequence[int]) -> Iterator[float]:
    """Of each point in `order`, where whatever is new on the axes that `matter` is played, once for all processes; the
    values of the first of them take `scale`."""
    seen = set()
    for place, point in enumerate(order):
        places = space.places(point)
        asks = tuple(places[axis] for axis in matter)
        new = 0.1 * scale[places[matter[0]]] * (asks not in seen)
        seen.add(asks)
        yield AGAIN + new + WARM * (place == 0)


def _order(space: Space) -> list[int]:
    first = Lines(space).first()
    return [*first, *(point for point in range(space.points) if point not in set(first))]


@pytest.mark.parametrize(
    ("matter", "scale"),
    [((2, 3), [1.0] * 5), ((1, 2), [1.0] * 8), ((1, 2, 3), [1.0] * 8), ((3,), [1.0] * 5), ((2, 3), [3, 2, 1, 1, 0.5])],
)
@pytest.mark.parametrize("share", [0.1, 0.25, 0.5])
def test_what_is_played_once_is_known_by_the_lines(matter: tuple[int, ...], scale: list[float], share: float) -> None:
    space = _space(["none"], 8, 5, 5)
    order = _order(space)
    took = list(_seconds(space, matter, scale, order))
    rest, run = ByLines(space), int(share * len(order))
    for place, (point, seconds) in enumerate(zip(order[:run], took[:run], strict=True)):
        rest.add(point, seconds)
        if place == 1:
            assert not rest.left.known  # looked at early, it learns all the same
    assert rest.left.known
    assert rest.left.seconds == pytest.approx(sum(took[run:]), rel=0.2)


def test_before_the_lines_are_there_it_is_a_bound() -> None:
    space = _space(["none"], 8, 5, 5)
    order = _order(space)
    took = list(_seconds(space, (1, 2), [1.0] * 8, order))
    rest = ByLines(space)
    assert not rest.left.known
    for run, (point, seconds) in enumerate(zip(order, took, strict=True), start=1):
        rest.add(point, seconds)
        if run < len(Lines(space).first()):
            assert not rest.left.known
            assert rest.left.seconds > sum(took[run:])
    assert rest.left.known
    assert rest.left.seconds == pytest.approx(0, abs=0.02 * sum(took))


@pytest.mark.parametrize("dear", [0.1, 0.0])
def test_values_that_are_new_on_lines_are_not_beside_them(dear: float) -> None:
    space = _space(["none", "layer"], 8, 5, 5)
    lines, new = Lines(space), 0.004

    def seconds(point: int) -> float:
        _, row, *others = space.places(point)
        on_line = sum(map(bool, (row, *others))) < 2
        return AGAIN + new * on_line + dear * (row == 0)

    rest, first = ByLines(space), [*lines.first(), *lines.beside()]
    for point in first:
        rest.add(point, seconds(point))
    left = sum(seconds(point) for point in range(space.points) if point not in set(first))
    assert rest.left.known
    assert rest.left.seconds == pytest.approx(left, rel=0.1)


def test_one_axis_of_numbers_has_no_points_beside_its_line() -> None:
    assert Lines(_space(["none", "layer"], 6)).beside() == []


def test_kinds_are_told_apart_and_one_without_points_is_as_the_others() -> None:
    space = _space(["none", "layer", "channel2"], 6, 4)
    lines = Lines(space)
    assert lines.kinds == [(0,), (1,), (2,)]
    rest, dear = ByLines(space), {0: 1.0, 1: 3.0, 2: 2.0}
    for point in lines.first():
        rest.add(point, dear[space.places(point)[0]])
    left = {kind: 24 - sum(space.places(point)[0] == kind for point in lines.first()) for kind in dear}
    assert rest.left.seconds == pytest.approx(sum(left[kind] * dear[kind] for kind in dear))
    rest = ByLines(space)
    rest.add(0, 1.0)
    assert rest.left.seconds == pytest.approx(23 + 2 * 24)


def test_the_end_of_a_line_does_not_count_for_what_it_warmed_up() -> None:
    space, told = _space(["none"], 8, 4, 2), list[float]()
    for warm in (0.0, 5.0):
        rest = ByLines(space)
        for point in Lines(space).first():
            _, row, _, cheap = space.places(point)
            rest.add(point, 0.01 if cheap else 1.0 + warm * (row == 7))
        told.append(rest.left.seconds)
    assert told[0] == pytest.approx(7 * 3 * 1.01, rel=0.05)
    assert told[1] == pytest.approx(told[0], rel=0.05)


def test_lines_have_each_value_or_a_few_of_many_and_many_kinds_are_stood_for() -> None:
    space = _space([f"channel{2**number}" for number in range(9)], 100, 3)
    lines = Lines(space)
    assert list(lines.values[1])[:2] == [0, 9]
    assert lines.values[1][-1] == 99
    assert len(lines.values[1]) == 12
    first = lines.first()
    assert len(first) == len(set(first)) == 9 * (12 + 2)
    assert first[:9] == [300 * kind for kind in range(9)]
    words = Space(tuple(Axis(f"word{n}", parse_values("x", [f"w{i}" for i in range(9)])) for n in range(2)))
    many = ByLines(words)
    assert len(Lines(words).kinds) == 32
    for point in range(81):
        many.add(point, 1.0)
    assert many.left.seconds == pytest.approx(0, abs=1e-9)


def test_of_a_sample_it_is_the_pace() -> None:
    rest = Paced(10)
    assert rest.left.seconds == 0
    for point, seconds in enumerate([1.0, 2.0, 3.0]):
        rest.add(point, seconds)
    assert rest.left.seconds == 14


def test_lines_are_the_points_that_differ_from_a_base_on_one_axis_of_numbers() -> None:
    space = _space(["none", "layer"], 4, 3)
    expected = {
        space.point(places) for places in product(range(2), range(4), range(3)) if sum(map(bool, places[1:])) < 2
    }
    assert set(Lines(space).first()) == expected


def test_lines_are_run_first_of_a_sweep_of_all_points_that_has_not_begun_and_has_others() -> None:
    asked = {"workload": ["lenet5_mnist"], "sharing": ["none"]}

    def planned(cols: int, sample: int | None = None) -> Plan:
        options = asked | ({} if sample is None else {"sample": sample})
        vary = (f"array.cols=1:{cols}", "array.rows=1:4")
        return plan(read_request(None, options_document(options, (), vary)))

    made = planned(8)
    first = run_first(made, made.points)
    lines = Lines(made.job.space)
    assert len(first) == len(set(first)) == 8 + 4 - 1 + 2
    assert first == [*lines.first(), *lines.beside()]
    assert [made.job.space.places(point)[-2:] for point in lines.beside()] == [(7, 3), (7, 2)]
    assert isinstance(remaining(made, made.points), ByLines)
    few, sampled = planned(1), planned(8, sample=16)
    for other, pending in ((made, list(made.points)[1:]), (few, few.points), (sampled, sampled.points)):
        assert run_first(other, pending) == []
        assert isinstance(remaining(other, pending), Paced)
    assert without(made.points, first) == [point for point in made.points if point not in first]
