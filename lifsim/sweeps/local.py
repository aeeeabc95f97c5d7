"""Runs points in processes of this machine, each of which has its own evaluator."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from lifsim.kernels.share import share_cache
from lifsim.processes.dealing import Stretches
from lifsim.processes.pool import Lost, Pool
from lifsim.sweeps.evaluate import Evaluator
from lifsim.sweeps.executor import Executor
from lifsim.sweeps.outcome import Outcome
from lifsim.sweeps.plan import Job
from lifsim.units import counted

AHEAD = 1
"""Points that a worker is sent beside the one that it runs, so that it never waits for this process."""


class LocalPool(Executor):
    """Up to `jobs` processes, each with an `evaluator` of its own, started as there are points for them. Each runs
    points that are neighbours and share most; if they took turns, each would compute what they share."""

    def __init__(self, job: Job, jobs: int, evaluator: type[Evaluator] = Evaluator) -> None:
        self._job, self._jobs = job, jobs
        share_cache()
        self._pool: Pool[int, Outcome] = Pool(partial(_evaluating, job, evaluator), jobs, ahead=AHEAD)

    def outcomes(self, points: Iterable[int]) -> Iterator[Outcome]:
        """As in Executor. Read it to its end before the next call. Raises InputError if no process can be started."""
        for point, outcome in self._pool.answers(Stretches(tuple(points), self._jobs)):
            yield self._lost(point, outcome) if isinstance(outcome, Lost) else outcome

    def close(self) -> None:
        """End the processes at once, even in the middle of a point."""
        self._pool.close()

    def _lost(self, point: int, lost: Lost) -> Outcome:
        error = (
            f"the process that ran it died {counted(lost.attempts, 'time')}, the last time with exit code {lost.status}"
        )
        return Outcome(point, self._job.key_of(point), None, error)


def _evaluating(job: Job, evaluator: type[Evaluator]) -> Callable[[int], Outcome]:
    return evaluator(job).outcome
