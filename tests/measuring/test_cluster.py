"""Does a reckoned cluster do what one does that is walked through event by event?"""

from __future__ import annotations

import heapq
from collections.abc import Mapping

import numpy as np
import pytest

from benchmarks.cluster import reckoned

PIECES = 60_000


def _walked(workers: int, work_s: float, stations: Mapping[str, float]) -> float:
    """Pieces a second of a cluster whose times are drawn: each worker computes, then waits for station after station,
    each of which takes who came first."""
    rng = np.random.default_rng(0)
    taken = [work_s, *stations.values()]
    free, done, now = [0.0] * len(taken), 0, 0.0
    events = [(rng.exponential(work_s), worker, 1) for worker in range(workers)]
    heapq.heapify(events)
    while done < PIECES:
        now, worker, at = heapq.heappop(events)
        if at == len(taken):
            done += 1
            heapq.heappush(events, (now + rng.exponential(work_s), worker, 1))
        else:
            free[at] = max(now, free[at]) + rng.exponential(taken[at])
            heapq.heappush(events, (free[at], worker, at + 1))
    return done / now


@pytest.mark.parametrize("workers", [1, 7, 40, 100])
def test_it_is_as_fast_as_one_that_is_walked(workers: int) -> None:
    stations = {"scheduler": 0.002, "client": 0.003, "network": 0.0004}
    assert reckoned(workers, 0.1, stations).rate == pytest.approx(_walked(workers, 0.1, stations), rel=0.02)


def test_one_worker_waits_for_nobody() -> None:
    found = reckoned(1, 0.1, {"scheduler": 0.02, "client": 0.03})
    assert found.rate == pytest.approx(1 / 0.15)
    assert found.busy == pytest.approx({"scheduler": 0.02 / 0.15, "client": 0.03 / 0.15})


def test_many_do_no_more_than_the_slowest_station() -> None:
    found = reckoned(1000, 0.1, {"scheduler": 0.002, "client": 0.004})
    assert found.rate == pytest.approx(250, rel=1e-6)
    assert found.first == "client"


def test_nothing_in_common_holds_nobody_up() -> None:
    assert reckoned(100, 0.1, {}).rate == pytest.approx(1000)


@pytest.mark.parametrize(("workers", "work_s", "station"), [(0, 1.0, 0.1), (1, 0.0, 0.1), (1, 1.0, -0.1)])
def test_what_makes_no_sense_is_refused(workers: int, work_s: float, station: float) -> None:
    with pytest.raises(ValueError, match="workers must be >= 1"):
        reckoned(workers, work_s, {"scheduler": station})
