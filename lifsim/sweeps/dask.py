"""A Dask cluster. Its workers need LIFSim and nothing else: inputs and traces go to each of them once.

They travel as a worker plugin, which the scheduler hands to every worker that it has or gets, before its first point.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import CancelledError
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Lock
from typing import cast

from distributed import Future, KilledWorker, Worker, WorkerPlugin, get_worker

from lifsim.errors import Fault, InputError
from lifsim.processes.cluster import WORKER_SECONDS, gone, joined, workerless
from lifsim.simulate.resolved import MODEL_VERSION
from lifsim.sweeps.evaluate import Evaluator
from lifsim.sweeps.executor import Executor
from lifsim.sweeps.outcome import Outcome
from lifsim.sweeps.plan import Job
from lifsim.units import counted

OPTION = "--scheduler"

AHEAD = 3
"""Tasks per worker thread that the scheduler knows of, so that no thread waits for the client."""

TASK_SECONDS, MOST_POINTS = 0.5, 16
"""How long a task is to take its worker, and how many points it has at most. Cheap points that travel together spare
the scheduler, and as neighbours they share what they have in common; few enough, no worker is long at its last task."""

ATTEMPTS = 3
"""How often the job is handed over while workers die."""

CLOSE_SECONDS = 5
"""How long the client may take to leave."""

WORKERLESS_SECONDS = 60
"""How long a cluster may be without a worker, as while its dead ones are started anew."""

RESULT_SECONDS = 60
"""How long the result of a task may take to come, before it is run again: its worker may have died with it."""

_CHECK_SECONDS = 1.0


class DaskCluster(Executor):
    """The cluster of the scheduler at `address`, such as tcp://host:8786.

    Cheap points travel together. Those of a worker that dies are run by another. Dask gives up those that were on
    several dying workers, though they may only have waited there: these are run once more at the end, one at a time, so
    that a worker that dies then dies of its point.

    Raises InputError where the scheduler cannot be reached, has no worker, or a worker has another LIFSim.
    """

    def __init__(self, job: Job, address: str) -> None:
        self._job, self._address = job, address
        self._name = f"lifsim-{job.key_of(0)[:16]}"
        self._client = joined(address, OPTION)
        try:
            files = {path: Path(path).read_bytes() for path in job.files}
            self._send(JobPlugin(job, files, MODEL_VERSION))
        except BaseException:
            self._client.close(CLOSE_SECONDS)
            raise

    def outcomes(self, points: Iterable[int]) -> Iterator[Outcome]:
        """As Executor says. Raises InputError where the scheduler or all workers are gone."""
        todo, suspects = iter(points), deque[int]()
        threads = sum(self._workers().values())
        yield from self._together(todo, AHEAD * max(threads, 1), suspects)
        while suspects:
            yield from self._together(iter([suspects.popleft()]), 1, None)

    def close(self) -> None:
        """Take the job from the workers and leave the cluster; points under way are given up."""
        try:
            if self._client.status == "running":
                self._client.unregister_worker_plugin(self._name)
        except (OSError, RuntimeError, ValueError):  # the scheduler is gone, or another client took the job away
            return
        finally:
            self._client.close(CLOSE_SECONDS)

    def _send(self, plugin: JobPlugin) -> None:
        """Hand the job to the scheduler, which hands it to every worker that it has or gets. Raises InputError."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                self._client.wait_for_workers(1, timeout=WORKER_SECONDS)
                self._client.register_plugin(plugin, name=self._name)
                return
            except TimeoutError:
                raise workerless(self._address, OPTION) from None
            except OSError as error:  # a worker died just then, or the scheduler
                if attempt == ATTEMPTS or self._client.status != "running":
                    raise gone(self._address) from error

    def _together(self, todo: Iterator[int], most: int, suspects: deque[int] | None) -> Iterator[Outcome]:
        """Run points of `todo`, up to `most` tasks at a time. What Dask gives up goes to `suspects`, or without these
        is an outcome."""
        came: SimpleQueue[Future[Task]] = SimpleQueue()
        points_of: dict[Future[Task], tuple[int, ...]] = {}
        for point in islice(todo, most):
            points_of[self._submit((point,), came)] = (point,)
        seen = time.monotonic()
        while points_of:
            try:
                future = came.get(timeout=_CHECK_SECONDS)
            except Empty:
                seen = self._check(seen)
                continue
            points = points_of.pop(future)
            task = Task((), 0.0)
            try:
                task = self._result(future)
            except _GivenUpError as reason:
                if suspects is None:
                    task = Task(
                        tuple(Outcome(point, self._job.key_of(point), None, str(reason)) for point in points), 0.0
                    )
                else:
                    suspects.extend(points)
            except _LostError:  # its worker has died with the result
                points_of[self._submit(points, came)] = points
                continue
            if following := tuple(islice(todo, task.following)):
                points_of[self._submit(following, came)] = following
            yield from task.outcomes

    def _submit(self, points: tuple[int, ...], came: SimpleQueue[Future[Task]]) -> Future[Task]:
        future: Future[Task] = self._client.submit(_run, self._name, points, pure=False)
        future.add_done_callback(came.put)
        return future

    def _result(self, future: Future[Task]) -> Task:
        """What became of points. Raises InputError where the scheduler is gone, _GivenUpError, _LostError."""
        if future.status == "cancelled" or self._client.status != "running":
            raise gone(self._address)
        if future.status == "error":
            error = future.exception()
            if isinstance(error, KilledWorker):
                raise _GivenUpError(f"the worker that ran it died, {counted(error.allowed_failures + 1, 'time')}")
            raise error
        try:
            return future.result(timeout=RESULT_SECONDS)
        except CancelledError:  # the scheduler went while it was asked
            raise gone(self._address) from None
        except (TimeoutError, OSError):
            raise _LostError from None

    def _check(self, seen: float) -> float:
        """When workers were last seen, `seen` until now. Raises InputError where there will be no more outcomes."""
        if self._client.status != "running":
            raise gone(self._address)
        workers = self._workers()
        if not workers and time.monotonic() - seen > WORKERLESS_SECONDS:
            raise InputError(f"the Dask cluster at {self._address} has had no worker for {WORKERLESS_SECONDS} s")
        return time.monotonic() if workers else seen

    def _workers(self) -> dict[str, int]:
        """Threads of each. Raises InputError where the scheduler is gone."""
        try:
            found: dict[str, int] = self._client.nthreads()
        except (OSError, RuntimeError):
            raise gone(self._address) from None
        return found


@dataclass(frozen=True)
class Task:
    """What became of points that travelled together, and how long that took the worker."""

    outcomes: tuple[Outcome, ...]
    seconds: float

    @property
    def following(self) -> int:
        """Points of the next task: as many as take TASK_SECONDS, twice those of this one at most."""
        done = len(self.outcomes)
        return max(1, min(MOST_POINTS, 2 * done, int(done * TASK_SECONDS / max(self.seconds, 1e-6))))


class _GivenUpError(Exception):
    """Dask does not try a point again: too many workers died that had it."""


class _LostError(Exception):
    """A point must be run again."""


class JobPlugin(WorkerPlugin):
    """A job on one worker, its files in a folder of their own. files: their bytes, by the path that the job names."""

    def __init__(self, job: Job, files: Mapping[str, bytes], model_version: int) -> None:
        self._job, self._files, self._model_version = job, files, model_version

    def setup(self, worker: Worker) -> None:
        """Unpack the job. Raises InputError where the worker's LIFSim is another one."""
        if self._model_version != MODEL_VERSION:
            versions = f"{MODEL_VERSION} on {worker.address}, {self._model_version} here"
            raise InputError(Fault(f"workers must have the same LIFSim: model version {versions}"))
        # In the folder of the worker, which Dask removes when the worker was killed.
        self._folder = Path(tempfile.mkdtemp(prefix="lifsim-", dir=worker.local_directory))
        paths = {}
        for number, (name, data) in enumerate(self._files.items()):
            paths[name] = self._folder / f"{number}-{Path(name).name}"
            paths[name].write_bytes(data)
        self._files = {}
        self._evaluator, self._lock = Evaluator(self._job, paths), Lock()

    def teardown(self, worker: Worker) -> None:  # noqa: ARG002  (Dask's signature)
        """Remove the files."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def outcome(self, point: int) -> Outcome:
        """Run `point`, one at a time whatever the worker's threads: points share their caches."""
        with self._lock:
            return self._evaluator.outcome(point)


def _run(plugin: str, points: tuple[int, ...]) -> Task:
    job = cast(JobPlugin, get_worker().plugins[plugin])
    begun = time.monotonic()
    outcomes = tuple(job.outcome(point) for point in points)
    return Task(outcomes, time.monotonic() - begun)
