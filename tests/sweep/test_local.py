"""Do worker processes that die lose nothing but the point they were at?"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lifsim.cli.main import main
from lifsim.errors import InputError
from lifsim.sweeps.evaluate import Evaluator
from lifsim.sweeps.local import LocalPool
from lifsim.sweeps.outcome import Outcome
from lifsim.sweeps.plan import Job, Plan, plan
from lifsim.sweeps.request import options_document, read_request

DEADLY, STATUS = 7, 9


class DiesOnce(Evaluator):
    """Its process dies over point DEADLY, unless one has before: then there is a mark beside the trace."""

    def __init__(self, job: Job) -> None:
        super().__init__(job)
        self._mark = Path(next(iter(job.files))).with_suffix(".died")

    def outcome(self, point: int) -> Outcome:
        if point == DEADLY and not self._mark.exists():
            self._mark.touch()
            os._exit(STATUS)
        return super().outcome(point)


class AlwaysDies(Evaluator):
    """Its process dies over point DEADLY."""

    def outcome(self, point: int) -> Outcome:
        if point == DEADLY:
            os._exit(STATUS)
        return super().outcome(point)


class NeverStarts(Evaluator):
    """Its process dies before its first point."""

    def __init__(self, _: Job) -> None:
        os._exit(STATUS)


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))  # workers must find the evaluators of this file
    trace = tmp_path / "t.npz"
    assert main(["trace", "make", "--workload", "lenet5_mnist", "--out", str(trace)]) == 0
    given = {"workload": ["lenet5_mnist"], "trace": str(trace)}
    return plan(read_request(None, options_document(given, (), ("array.rows=1:20",))))


def _outcomes(made: Plan, evaluator: type[Evaluator], jobs: int) -> dict[int, Outcome]:
    found: dict[int, Outcome] = {}
    with LocalPool(made.job, jobs, evaluator) as pool:
        for outcome in pool.outcomes(made.points):
            assert outcome.point not in found
            found[outcome.point] = outcome
    return found


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 3])
def test_the_point_of_a_worker_that_dies_is_run_again_with_the_same_outcome(made: Plan, jobs: int) -> None:
    found = _outcomes(made, DiesOnce, jobs)
    here = Evaluator(made.job)
    assert [found[point] for point in made.points] == [here.outcome(point) for point in made.points]


@pytest.mark.slow
def test_a_point_that_kills_its_worker_each_time_becomes_an_error_and_the_others_go_on(made: Plan) -> None:
    found = _outcomes(made, AlwaysDies, 2)
    assert sorted(found) == list(made.points)
    assert [point for point, outcome in found.items() if outcome.error] == [DEADLY]
    assert found[DEADLY].error == f"the process that ran it died 3 times, the last time with exit code {STATUS}"


def test_processes_that_cannot_start_end_the_sweep_with_a_reason(made: Plan) -> None:
    with pytest.raises(InputError, match=f"worker processes must be able to start; they end with exit code {STATUS}"):
        _outcomes(made, NeverStarts, 2)
