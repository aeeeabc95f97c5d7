"""Does a replayed sweep cost what it would have cost?"""

from __future__ import annotations

import pytest

from benchmarks.sweep_record import Cache, Node, Worker, recorded, replay
from lifsim.sweeps.estimate import estimate
from lifsim.sweeps.evaluate import Evaluator
from lifsim.sweeps.outcome import Outcome
from lifsim.sweeps.plan import plan
from lifsim.sweeps.request import options_document, read_request


def _record(limit: int) -> dict[int, Node]:
    """Four points of 1 s: 0 and 2 ask for a result of 10 s, 1 and 3 for one of 100 s, which asks for one of 1000 s."""
    cache = Cache(limit, None)
    even, deep = Node([], cache, 10.0), Node([], Cache(9, None), 1000.0)
    odd = Node([deep], cache, 100.0)
    return {point: Node([odd if point % 2 else even], None, 1.0) for point in range(4)}


@pytest.mark.parametrize(("limit", "took"), [(2, [11, 1101, 1, 1]), (1, [11, 1101, 11, 101])])
def test_a_worker_computes_what_it_does_not_keep(limit: int, took: list[float]) -> None:
    worker = Worker(_record(limit))
    assert [worker.seconds(point) for point in range(4)] == took


def test_what_is_kept_inside_a_result_is_lost_with_it() -> None:
    outer = Cache(1, None)
    owners = [Node([], outer, 5.0), Node([], outer, 5.0)]
    inner = Node([], Cache(9, owners[0]), 70.0)
    worker = Worker({0: Node([owners[0], inner]), 1: Node([owners[1]])})
    assert [worker.seconds(point) for point in (0, 0, 1, 0)] == [75, 0, 5, 75]


def test_two_workers_have_neighbours_each_and_keep_nothing_in_common() -> None:
    done = replay(_record(2), range(4), 2)
    assert sorted((each.point, each.seconds) for each in done) == [(0, 11), (1, 1101), (2, 11), (3, 1101)]
    assert [each.done for each in done] == sorted(each.done for each in done)
    assert done[-1].done == 11 + 1101


def test_a_record_of_a_sweep_replays_to_the_same_seconds_and_a_dry_run_of_it_is_exact_where_all_is_new() -> None:
    asked = {"workload": ["lenet5_mnist"], "sharing": ["none", "layer"]}
    made = plan(read_request(None, options_document(asked, (), ("array.rows=8,16,32", "array.cols=8,16,32"))))
    before = [Evaluator(made.job).outcome(point) for point in made.points]
    record = recorded(made.job, made.points)
    done = replay(record, made.points, 1)
    assert done == replay(record, made.points, 1)
    assert sum(each.seconds for each in replay(record, [*made.points] * 2, 1)) < 1.5 * done[-1].done
    assert [Evaluator(made.job).outcome(point) for point in made.points] == before  # nothing is recorded any more
    guess = estimate(made, 1, run=lambda point: Outcome(point, "", {}, seconds=1.0))
    assert guess.seconds == pytest.approx(18, rel=0.2)
    assert guess.measured == 6  # SECONDS are over
