"""A Dask cluster. Its workers need LIFSim and nothing else: inputs and traces go to each of them once.

They travel as a worker plugin, which the scheduler hands to every worker that it has or gets, before its first point.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import cast

from distributed import Client, Future, KilledWorker, Worker, WorkerPlugin, as_completed, get_worker

from lifsim.errors import Fault, InputError
from lifsim.simulate.resolved import MODEL_VERSION
from lifsim.sweep.evaluate import Evaluator
from lifsim.sweep.executor import Executor
from lifsim.sweep.outcome import Outcome
from lifsim.sweep.plan import Job

AHEAD = 3
"""Points per worker thread that the scheduler knows of, so that no thread waits for the client."""

CONNECT_SECONDS = 10


class DaskCluster(Executor):
    """The cluster of the scheduler at `address`, such as tcp://host:8786. Dask itself runs the point of a worker that
    dies again, as often as its setting `allowed-failures` says.

    Raises InputError where it cannot be reached, has no worker, or a worker has another LIFSim.
    """

    def __init__(self, job: Job, address: str) -> None:
        self._job = job
        self._name = f"lifsim-{job.key_of(0)[:16]}"
        try:
            self._client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError, TypeError) as error:
            raise _fault(address, f"must be the address of a running Dask scheduler: {error}") from None
        try:
            self._client.wait_for_workers(1, timeout=CONNECT_SECONDS)
            files = {path: Path(path).read_bytes() for path in job.files}
            self._client.register_plugin(JobPlugin(job, files, MODEL_VERSION), name=self._name)
        except TimeoutError:
            self._client.close()
            raise _fault(address, f"must have a worker within {CONNECT_SECONDS} s") from None
        except BaseException:
            self._client.close()
            raise

    def outcomes(self, points: Iterable[int]) -> Iterator[Outcome]:
        """As Executor says."""
        todo = iter(points)
        threads = sum(self._client.nthreads().values())
        point_of = {self._submit(point): point for point in islice(todo, AHEAD * max(threads, 1))}
        finished = as_completed(list(point_of), loop=self._client.loop, raise_errors=False)
        try:
            for future in finished:
                outcome = self._outcome(point_of.pop(future), future)
                for point in islice(todo, 1):
                    submitted = self._submit(point)
                    point_of[submitted] = point
                    finished.add(submitted)
                yield outcome
        finally:
            self._client.cancel(list(point_of), force=True)

    def close(self) -> None:
        """Take the job from the workers and leave the cluster; points under way are given up."""
        try:
            self._client.unregister_worker_plugin(self._name)
        finally:
            self._client.close()

    def _submit(self, point: int) -> Future[Outcome]:
        return self._client.submit(_run, self._name, point, key=f"{self._name}-{point}", pure=False)

    def _outcome(self, point: int, future: Future[Outcome]) -> Outcome:
        if future.status == "finished":
            outcome: Outcome = future.result()
            return outcome
        error = future.exception() if future.status == "error" else None
        if isinstance(error, KilledWorker):
            why = f"the worker that ran it died, {error.allowed_failures + 1} times"
            return Outcome(point, self._job.key_of(point), None, why)
        if error is not None:
            raise error
        raise InputError("the Dask scheduler must stay until the end; what is done is stored, start again to go on")


class JobPlugin(WorkerPlugin):
    """A job on one worker, its files in a folder of their own. files: their bytes, by the path that the job names."""

    def __init__(self, job: Job, files: Mapping[str, bytes], model_version: int) -> None:
        self._job, self._files, self._model_version = job, files, model_version

    def setup(self, worker: Worker) -> None:
        """Unpack the job. Raises InputError where the worker's LIFSim is another one."""
        if self._model_version != MODEL_VERSION:
            versions = f"{MODEL_VERSION} on {worker.address}, {self._model_version} here"
            raise InputError(Fault(f"workers must have the same LIFSim: model version {versions}"))
        self._folder = tempfile.TemporaryDirectory(prefix="lifsim-")
        paths = {}
        for number, (name, data) in enumerate(self._files.items()):
            paths[name] = Path(self._folder.name) / f"{number}-{Path(name).name}"
            paths[name].write_bytes(data)
        self._files = {}
        self._evaluator, self._lock = Evaluator(self._job, paths), Lock()

    def teardown(self, worker: Worker) -> None:  # noqa: ARG002  (Dask's signature)
        """Remove the files."""
        self._folder.cleanup()

    def outcome(self, point: int) -> Outcome:
        """Run `point`, one at a time whatever the worker's threads: points share their caches."""
        with self._lock:
            return self._evaluator.outcome(point)


def _run(plugin: str, point: int) -> Outcome:
    job = get_worker().plugins[plugin]
    return cast(JobPlugin, job).outcome(point)


def _fault(address: str, message: str) -> InputError:
    return InputError(Fault(message, path=f"--scheduler {address}"))
