"""Are points handed out in their order, each once, in handfuls that are worth a task and not longer than that?"""

from __future__ import annotations

import heapq

import pytest

from lifsim.sweeps.handfuls import GROWTH, LEAST, MOST_TASKS, SECONDS, Handfuls

MANY = range(1_000_000)


@pytest.mark.parametrize(
    ("points", "seconds", "following"),
    [
        (1, 0.001, GROWTH),  # so many times as many at most
        (4, 0.4, 5),
        (4, 0.25, 8),
        (400, 0.4, 500),
        (4, 8.0, 1),
    ],
)
def test_cheap_points_travel_together_for_half_a_second(points: int, seconds: float, following: int) -> None:
    handfuls = Handfuls(MANY, 2)
    assert next(handfuls) == (0,)  # nobody knows yet
    handfuls.took(points, seconds)
    assert next(handfuls) == tuple(range(1, 1 + following))


def test_a_large_cluster_takes_longer_ones_so_that_the_scheduler_is_not_full() -> None:
    handfuls = Handfuls(MANY, 200)
    handfuls.took(100, 1.0)
    assert len(next(handfuls)) == 400
    assert handfuls.seconds == 200 / MOST_TASKS
    assert Handfuls(MANY, 1).seconds == Handfuls(MANY, 25).seconds == SECONDS


@pytest.mark.parametrize("workers", [1, 2, 7])
@pytest.mark.parametrize("point_s", [1e-5, 0.003, 0.06, 2.0])
def test_every_point_is_handed_out_once_and_all_workers_end_together(workers: int, point_s: float) -> None:
    points = [3 * point for point in range(4000)]
    handfuls, dealt = Handfuls(points, workers), list[int]()
    free = [0.0] * workers
    longest = 0.0
    for handful in handfuls:
        took = len(handful) * point_s
        longest = max(longest, took)
        heapq.heapreplace(free, free[0] + took)
        handfuls.took(len(handful), took)
        dealt += handful
    assert dealt == points
    assert longest <= max(SECONDS, point_s) * 1.001
    assert max(free) - min(free) <= max(LEAST * SECONDS, point_s) * 1.001


def test_points_that_take_no_time_are_no_reason_to_fail() -> None:
    handfuls = Handfuls(range(30), 1)
    assert next(handfuls) == (0,)
    handfuls.took(1, 0.0)
    assert next(handfuls) == (1, 2, 3, 4)
    assert list(Handfuls((), 3)) == []
