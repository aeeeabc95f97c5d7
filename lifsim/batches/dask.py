"""Parts of a batch on a Dask cluster. Its workers need LIFSim alone: the network and its weights go to each once."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import CancelledError
from contextlib import suppress
from itertools import islice
from typing import cast
from uuid import uuid4

import numpy as np
from distributed import Client, Future, KilledWorker, Worker, WorkerPlugin, get_worker

from lifsim.batches.parts import Array, Inferred, Model, Part, inferred
from lifsim.engine.workers import Workers
from lifsim.errors import Fault, InputError
from lifsim.processes.cluster import UNLIKE, WORKER_SECONDS, gone, joined, unlike, workerless
from lifsim.simulate.resolved import MODEL_VERSION
from lifsim.units import counted

OPTION = "scheduler"

AHEAD = 2
"""Parts per thread of the cluster that run or travel, so that no thread waits for the client."""


def run_on_cluster(model: Model, todo: Iterable[Part], address: str) -> Iterator[Inferred]:
    """The parts in their order, each on one thread of the cluster whose scheduler is at `address`; as many travel at a
    time as its threads are busy with.

    Raises InputError if the scheduler cannot be reached or goes, has no worker, a worker has another LIFSim, or
    workers die of a part.
    """
    name = f"lifsim-{uuid4().hex}"
    with joined(address, OPTION) as client:
        try:
            client.wait_for_workers(1, timeout=WORKER_SECONDS)
            try:
                client.register_plugin(ModelPlugin(model, MODEL_VERSION), name=name)
            except UNLIKE as error:
                raise unlike(error) from error
            left, running = iter(todo), deque[Future[Inferred]]()
            most = AHEAD * sum(client.nthreads().values())
            running.extend(_submit(client, name, part) for part in islice(left, most))
            while running:
                done = running.popleft().result()
                running.extend(_submit(client, name, part) for part in islice(left, 1))
                yield done
        except TimeoutError:
            raise workerless(address, OPTION) from None
        except KilledWorker as error:
            deaths = counted(error.allowed_failures + 1, "time")
            raise InputError(f"the worker that ran some of the images died, {deaths}") from None
        except (CancelledError, OSError):
            raise gone(address) from None
        finally:
            _forget(client, name)


class ModelPlugin(WorkerPlugin):
    """The model on one worker. The scheduler hands it to every worker that it has or gets, so that one that is started
    in the place of a dead one has it, too."""

    def __init__(self, model: Model, model_version: int) -> None:
        self._model, self._model_version = model, model_version

    def setup(self, worker: Worker) -> None:
        """Raises InputError if the worker's LIFSim is another one."""
        if self._model_version != MODEL_VERSION:
            versions = f"{MODEL_VERSION} on {worker.address}, {self._model_version} here"
            raise InputError(Fault(f"workers must have the same LIFSim: model version {versions}"))

    def inferred(self, part: Part) -> Inferred:
        """On one thread: the worker's others have parts of their own."""
        return inferred(self._model.engine(Workers(1)), part, self._model)


def _forget(client: Client, name: str) -> None:
    """Take the model from the workers, where there are any still."""
    with suppress(OSError, RuntimeError, ValueError):  # the scheduler is gone, or never had it
        if client.status == "running":
            client.unregister_worker_plugin(name)


def _submit(client: Client, name: str, part: Part) -> Future[Inferred]:
    future: Future[Inferred] = client.submit(_run, name, part, pure=False)
    return future


def _run(name: str, part: Part) -> Inferred:
    plugin = get_worker().plugins[name]
    return packed(cast(ModelPlugin, plugin).inferred(part))


class Packed(Inferred):
    """Eight spikes a byte, as they travel, [T, bytes]: what comes back is most of what travels."""

    def put_spikes(self, whole: Mapping[str, Array]) -> None:
        """As of Inferred, a timestep at a time, which stays in the cache between the two copies."""
        for name, bits in self.spikes.items():
            for fired, its in zip(whole[name][:, self.images], bits, strict=True):
                fired.reshape(-1)[:] = np.unpackbits(its, count=fired.size).view(bool)


def packed(done: Inferred) -> Packed:
    """As it travels."""
    bits = {name: np.packbits(fired.reshape(len(fired), -1), axis=1) for name, fired in done.spikes.items()}
    return Packed(done.first, done.outputs, bits, done.counts, done.membranes)
