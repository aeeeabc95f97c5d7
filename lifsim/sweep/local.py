"""Processes of this machine, each with its own evaluator.

A worker is sent one point ahead of the one that it runs, so that it never waits for the parent. A worker that dies
loses the point it was running, which is tried again in a new one; no other point notices.
"""

from __future__ import annotations

import signal
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait

from lifsim.errors import InputError
from lifsim.kernels.share import share_cache
from lifsim.sweep.evaluate import Evaluator
from lifsim.sweep.executor import ATTEMPTS, Executor
from lifsim.sweep.outcome import Outcome
from lifsim.sweep.plan import Job

AHEAD = 2
"""Points that a worker holds: one at work, one waiting."""


class LocalPool(Executor):
    """`jobs` processes, each with an `evaluator` of its own."""

    def __init__(self, job: Job, jobs: int, evaluator: type[Evaluator] = Evaluator) -> None:
        self._job = job
        share_cache()
        self._workers = [_Worker(job, evaluator) for _ in range(jobs)]

    def outcomes(self, points: Iterable[int]) -> Iterator[Outcome]:
        """As Executor says; to be walked to its end before it is called again. Raises InputError where no process can
        be started."""
        todo, again = iter(points), deque[int]()
        deaths: Counter[int] = Counter()
        for worker in self._workers:
            worker.feed(todo, again)
        while busy := {worker.connection: worker for worker in self._workers if worker.held}:
            for connection in wait(list(busy)):
                worker = busy[connection]  # type: ignore[index]
                outcome = worker.outcome()
                if outcome is None:
                    outcome = self._after_death(worker, again, deaths)
                worker.feed(todo, again)
                if outcome is not None:
                    yield outcome

    def close(self) -> None:
        """Kill the processes: what they do has no effect but their answers."""
        for worker in self._workers:
            worker.kill()

    def _after_death(self, worker: _Worker, again: deque[int], deaths: Counter[int]) -> Outcome | None:
        """Start the worker anew. The point that it ran is tried again, or its outcome, if it was tried enough."""
        point, *waiting = worker.held
        ready, status = worker.ready, worker.restart()
        again.extend(waiting)
        deaths[point if ready else -1] += 1
        if deaths[-1] >= ATTEMPTS:
            raise InputError(f"worker processes must be able to start; they end with exit code {status}")
        if deaths[point] < ATTEMPTS:
            again.appendleft(point)
            return None
        error = f"the process that ran it died {ATTEMPTS} times, the last time with exit code {status}"
        return Outcome(point, self._job.key_of(point), None, error)


class _Worker:
    """One process. held: the points that it was sent and has not answered, the first of them at work."""

    def __init__(self, job: Job, evaluator: type[Evaluator]) -> None:
        self._job, self._evaluator = job, evaluator
        self._start()

    def _start(self) -> None:
        self.held: deque[int] = deque()
        self.ready = False
        context = get_context("forkserver")  # LIFSim is imported once, by the server, and never with threads about
        context.set_forkserver_preload([__name__])
        self.connection, other = context.Pipe()
        self._process = context.Process(target=_serve, args=(other, self._job, self._evaluator), daemon=True)
        self._process.start()
        other.close()

    def feed(self, todo: Iterator[int], again: deque[int]) -> None:
        """Send points, those to be tried again first, until it holds enough."""
        while len(self.held) < AHEAD:
            point = again.popleft() if again else next(todo, None)
            if point is None:
                return
            self.held.append(point)
            try:
                self.connection.send(point)
            except OSError:  # it is dead: `outcome` will say so
                return

    def outcome(self) -> Outcome | None:
        """The answer to the first point that it holds; None if it died over it."""
        try:
            if not self.ready:
                self.connection.recv()
                self.ready = True
            outcome: Outcome = self.connection.recv()
        except (EOFError, OSError):
            return None
        self.held.popleft()
        return outcome

    def restart(self) -> int | None:
        """A new process in the place of this one; the old one's exit code."""
        self._process.join(timeout=5)
        status = self._process.exitcode
        self.kill()
        self._start()
        return status

    def kill(self) -> None:
        """End it, whatever it does."""
        self._process.kill()
        self._process.join()
        self.connection.close()


def _serve(connection: Connection, job: Job, kind: type[Evaluator]) -> None:
    """What a worker does: answers points until its parent is gone. An interrupt is the parent's affair."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    evaluator = kind(job)
    connection.send("ready")
    while True:
        try:
            point = connection.recv()
        except EOFError:
            return
        connection.send(evaluator.outcome(point))
