"""A Dask cluster. Its workers need LIFSim and nothing else: inputs and traces go to each of them once.

They travel as a worker plugin, which the scheduler hands to every worker that it has or gets, before its first point.
"""

from __future__ import annotations

import math
import shutil
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import suppress
from functools import partial
from itertools import islice
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Lock
from typing import Any, TypeAlias, cast

from distributed import Client, Future, KilledWorker, Worker, WorkerPlugin, get_worker

from lifsim.errors import Fault, InputError
from lifsim.processes.cluster import UNLIKE, WORKER_SECONDS, gone, joined, unlike, workerless
from lifsim.simulate.resolved import MODEL_VERSION
from lifsim.sweeps.evaluate import Evaluator
from lifsim.sweeps.executor import Executor
from lifsim.sweeps.handfuls import SECONDS, Handfuls
from lifsim.sweeps.outcome import Outcome
from lifsim.sweeps.parcel import Parcel
from lifsim.sweeps.plan import Job
from lifsim.sweeps.space import Space
from lifsim.units import counted

OPTION = "--scheduler"

Points: TypeAlias = tuple[int, ...]

AHEAD = 3
"""Handfuls per worker that the scheduler knows of, so that none waits for the client."""

PYTHON = ".".join(map(str, sys.version_info[:2]))
"""Its `sum` of floats rounds otherwise from 3.12 on."""

ATTEMPTS = 3
"""How often the job is handed over while workers die."""

CLOSE_SECONDS = 5
"""How long the client may take to leave."""

WORKERLESS_SECONDS = 60
"""How long a cluster may be without a worker, as while its dead ones are started anew."""

RESULT_SECONDS = 60
"""How long the result of a task may take to come, before it is run again: its worker may have died with it."""

LOOK_SECONDS = 5.0
"""Between two looks at how many workers there are: some may have come."""

_CHECK_SECONDS = 1.0


class DaskCluster(Executor):
    """The cluster of the scheduler at `address`, such as tcp://host:8786.

    Cheap points travel together. Those of a worker that dies are run by another. Dask gives up those that were on
    several dying workers, though they may only have waited there: these are run once more at the end, one at a time, so
    that a worker that dies then dies of its point.

    Raises InputError where the scheduler cannot be reached, has no worker, or a worker has another LIFSim or Python.
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
        for parcel in self.parcels(points, self._job.space):
            yield from parcel.outcomes

    def parcels(self, points: Iterable[int], space: Space) -> Iterator[Parcel]:  # noqa: ARG002 (as workers have it)
        """As Executor says, packed by the workers. Raises InputError as `outcomes` does."""
        suspects = deque[int]()
        yield from self._together(Handfuls(tuple(points), max(self._workers(), 1)), suspects)
        while suspects:
            yield from self._together(Handfuls([suspects.popleft()], 1), None)

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
            except UNLIKE as error:
                raise unlike(error) from error
            except OSError as error:  # a worker died just then, or the scheduler
                if attempt == ATTEMPTS or self._client.status != "running":
                    raise gone(self._address) from error

    def _together(self, todo: Handfuls, suspects: deque[int] | None) -> Iterator[Parcel]:
        """Run points of `todo`. What Dask gives up goes to `suspects`, or without these is an outcome."""
        running, hold = _Running(self._client, self._name), 0.0
        self._seen = looked = time.monotonic()
        running.submit(list(islice(todo, AHEAD * todo.workers)))
        while running:
            came = running.ended(hold, todo.workers)
            if not came or time.monotonic() - looked > LOOK_SECONDS:
                todo.workers, looked = self._look(todo.workers), time.monotonic()
            parcels, following = list[Parcel](), list[Points]()
            for points, found in self._found(came):
                if isinstance(found, Parcel):
                    took = sum(found.seconds)
                    todo.took(len(points), took)
                    hold = min(took, SECONDS) / 2  # its worker has others still
                    parcels.append(found)
                elif found is None:  # its worker has died with the result
                    following.append(points)
                elif suspects is None:
                    parcels.append(self._failed(points, found))
                else:
                    suspects.extend(points)
            following += islice(todo, max(AHEAD * todo.workers - len(running) - len(following), 0))
            running.submit(following)
            yield from parcels

    def _found(self, came: Sequence[tuple[Points, Future[Parcel]]]) -> Iterator[tuple[Points, Parcel | str | None]]:
        """What became of points: what their worker found, why they are given up, None where they must be run again.
        Raises InputError where the scheduler is gone."""
        for points, future in came:
            if future.status == "cancelled" or self._client.status != "running":
                raise gone(self._address)
            if future.status == "error":
                error = future.exception()
                if not isinstance(error, KilledWorker):
                    raise error
                yield points, f"the worker that ran it died, {counted(error.allowed_failures + 1, 'time')}"
        finished = [(points, future) for points, future in came if future.status != "error"]
        if not finished:
            return
        found: Sequence[Parcel | None]
        try:
            found = self._client.sync(_gathered, [future for _, future in finished], callback_timeout=RESULT_SECONDS)
        except CancelledError:  # the scheduler went while it was asked
            raise gone(self._address) from None
        except UNLIKE as error:
            raise unlike(error) from error
        except (TimeoutError, OSError, KilledWorker):
            if self._client.status != "running":
                raise gone(self._address) from None
            found = [None] * len(finished)
        yield from ((points, parcel) for (points, _), parcel in zip(finished, found, strict=True))

    def _failed(self, points: Points, why: str) -> Parcel:
        at, key = self._job.space.at, self._job.key_of
        return Parcel.of((Outcome(point, key(point), None, why), at(point)) for point in points)

    def _look(self, before: int) -> int:
        """How many workers there are now, or were `before`, where there is none for a while. Raises InputError where
        there will be no more outcomes."""
        if self._client.status != "running":
            raise gone(self._address)
        if workers := self._workers():
            self._seen = time.monotonic()
        elif time.monotonic() - self._seen > WORKERLESS_SECONDS:
            raise InputError(f"the Dask cluster at {self._address} has had no worker for {WORKERLESS_SECONDS} s")
        return workers or before

    def _workers(self) -> int:
        """How many there are, each of which runs a point at a time. Raises InputError where the scheduler is gone."""
        try:
            return len(self._client.nthreads())
        except (OSError, RuntimeError):
            raise gone(self._address) from None


class _Running:
    """Handfuls that the scheduler knows of, or that have ended and wait to be looked at."""

    def __init__(self, client: Client, name: str) -> None:
        self._client, self._name = client, name
        self._points: dict[Future[Parcel], Points] = {}
        self._ended: SimpleQueue[Future[Parcel]] = SimpleQueue()

    def __len__(self) -> int:
        return len(self._points)

    def submit(self, handfuls: Sequence[Points]) -> None:
        """All at once: a message costs the scheduler as much as a task."""
        if not handfuls:
            return
        futures = self._client.map(partial(_run, self._name), handfuls, key=f"{self._name}-run", pure=False)
        self._points |= zip(futures, handfuls, strict=True)
        for future in futures:
            future.add_done_callback(self._ended.put)

    def ended(self, hold: float, most: int) -> list[tuple[Points, Future[Parcel]]]:
        """Those that have ended since the last time, once there are `most`, or the first was held for `hold` seconds;
        none where none ends for a while."""
        found, wait, until = list[Future[Parcel]](), _CHECK_SECONDS, math.inf
        with suppress(Empty):
            while True:
                found.append(self._ended.get(timeout=wait))
                until = min(until, time.monotonic() + hold)
                wait = max(until - time.monotonic(), 0.0) if len(found) < most else 0.0
        return [(self._points.pop(future), future) for future in found]


async def _gathered(futures: Sequence[Future[Parcel]]) -> list[Parcel]:
    """What they have found, in one message."""
    found: list[Parcel] = await futures[0].client.gather(list(futures), asynchronous=True)
    return found


class JobPlugin(WorkerPlugin):
    """A job on one worker, its files in a folder of their own. files: their bytes, by the path that the job names."""

    def __init__(self, job: Job, files: Mapping[str, bytes], model_version: int) -> None:
        self._job, self._files, self._model_version, self._python = job, files, model_version, PYTHON

    def setup(self, worker: Worker) -> None:
        """Unpack the job. Raises InputError where the worker's LIFSim or Python is another one."""
        if self._model_version != MODEL_VERSION:
            versions = f"{MODEL_VERSION} on {worker.address}, {self._model_version} here"
            raise InputError(Fault(f"workers must have the same LIFSim: model version {versions}"))
        if self._python != PYTHON:
            rule = "workers must have the same Python, or figures differ in their last digits"
            raise InputError(Fault(f"{rule}: {PYTHON} on {worker.address}, {self._python} here"))
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

    def outcome(self, point: int) -> tuple[Outcome, Mapping[str, Any]]:
        """Run `point`, one at a time whatever the worker's threads: points share their caches."""
        with self._lock:
            return self._evaluator.outcome(point), self._job.space.at(point)


def _run(plugin: str, points: Points) -> Parcel:
    job = cast(JobPlugin, get_worker().plugins[plugin])
    return Parcel.of(map(job.outcome, points))
