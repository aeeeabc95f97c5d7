"""Is what points of a sweep find anew what the processes that run them have not computed?"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifsim.sweeps import anew
from lifsim.sweeps.anew import Anew, Floats
from lifsim.sweeps.coarse import CoarseGrid
from lifsim.sweeps.space import Axis, Space
from lifsim.sweeps.values import parse_values

AGAIN = 0.005
SHARINGS = ["none", "layer", "channel2"]
COUNTS = (4, 3, 5)
SPACE = Space(
    (
        Axis("sharing", parse_values("sharing", SHARINGS)),
        *(Axis(f"a.b{axis}", parse_values("a", list(range(count)))) for axis, count in enumerate(COUNTS)),
    )
)
SETS = list(product((False, True), repeat=3))
"""Of the axes of numbers."""

costs_of_sets = st.lists(st.floats(0, 2), min_size=len(SETS), max_size=len(SETS))
orders = st.lists(st.integers(0, SPACE.points - 1), unique=True, min_size=1)


def _seconds(order: Sequence[int], costs: Sequence[float], hands: int) -> list[float]:
    """Of each point: what depends on a set of axes is computed by each process once for all of the same values."""
    found = []
    for hand in range(hands):
        seen = set()
        for point in order[len(order) * hand // hands : len(order) * (hand + 1) // hands]:
            sharing, *places = SPACE.places(point)
            seconds = AGAIN
            for axes, cost in zip(SETS, costs, strict=True):
                asked = (axes, sharing, *(place for place, asked in zip(places, axes, strict=True) if asked))
                seconds += 0.0 if asked in seen else cost
                seen.add(asked)
            found.append(seconds)
    return found


def _whole(costs: Sequence[float]) -> list[Floats]:
    """By sharing, what points take in the order of the space."""
    seconds = _seconds(range(SPACE.points), costs, 1)
    return list(np.reshape(seconds, (len(SHARINGS), *COUNTS)))


@given(orders, costs_of_sets, st.integers(1, 4))
def test_whatever_points_are_run_in_whatever_order_by_so_many_processes(
    order: list[int], costs: list[float], hands: int
) -> None:
    found = Anew(CoarseGrid(SPACE), order, hands).seconds(_whole(costs))
    assert found == pytest.approx(_seconds(order, costs, hands))


@given(orders, costs_of_sets)
def test_of_a_sample_of_a_huge_space_values_are_sorted(order: list[int], costs: list[float]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(anew, "ROOM", 0)
        test_whatever_points_are_run_in_whatever_order_by_so_many_processes.hypothesis.inner_test(order, costs, 2)


def test_more_axes_than_have_sets_of_their_own() -> None:
    """The slowest two are in every set: what does not depend on them is new at each of their values."""
    axes = tuple(Axis(f"a.b{axis}", parse_values("a", [1, 2])) for axis in range(anew.MOST_AXES + 2))
    space = Space(axes)
    found = Anew(CoarseGrid(space), range(space.points), 1)
    assert len(found.sets) == 1 << anew.MOST_AXES
    assert all(set(each) >= {0, 1} for each in found.sets)
    every = np.zeros([2] * len(axes))
    every[(slice(None), slice(None), *[0] * anew.MOST_AXES)] = 7.0
    assert found.seconds([every]) == pytest.approx(every.ravel())
    assert found.seconds([every]).sum() == 28


def test_a_space_of_words_alone_has_a_new_point_of_each_kind() -> None:
    space = Space((Axis("sharing", parse_values("sharing", SHARINGS)),))
    found = Anew(CoarseGrid(space), range(3), 2)
    assert found.seconds([np.array(seconds) for seconds in (1.0, 2.0, 3.0)]) == pytest.approx([1, 2, 3])
