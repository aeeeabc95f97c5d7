"""A sweep over many machines: what a point costs worker, scheduler and client, and which of them is full first.

The scheduler and the workers are processes of their own on this machine; docs/scale.md has the arithmetic for more.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from distributed.protocol.pickle import dumps

import lifsim
from benchmarks.frame.figure import Figure, Limit, Series, Target
from benchmarks.frame.session import Session
from lifsim.simulate.resolved import MODEL_VERSION
from lifsim.sweeps.dask import DaskCluster, JobPlugin
from lifsim.sweeps.evaluate import Evaluator
from lifsim.sweeps.executor import Executor
from lifsim.sweeps.outcome import Outcome
from lifsim.sweeps.plan import Plan, plan
from lifsim.sweeps.request import options_document, read_request
from lifsim.sweeps.run import run_points
from lifsim.sweeps.store import Store
from tests.faults.cluster import Cluster

DEAR = ("vgg16_cifar10", "buffers.weight.size_bytes=16KiB:256KiB:x2", "array.rows=8:32:+1")
CHEAP = ("lenet5_mnist", "dram.model=ideal", "buffers.weight.size_bytes=8KiB:512KiB:x2", "array.rows=1:64:+1")
"""A network and its axes: 125 points that take a worker long, 448 that keep the scheduler busy."""

WORKERS, IMAGES, GIGABIT = 100, 1024, 125e6
"""Of the cluster that is reckoned with, of the batch that is measured; bytes."""


@dataclass(frozen=True)
class Swept:
    """A sweep on a cluster: points a second, CPU seconds a point of the scheduler and of the client; how long the
    cluster took to be there, from its first process to its last worker."""

    rate: float
    scheduler_s: float
    client_s: float
    start_s: float


class Recorded(Executor):
    """Has every outcome already, so that the client alone is at work."""

    def __init__(self, outcome: Outcome) -> None:
        self._outcome = outcome

    def outcomes(self, points: Iterable[int]) -> Iterator[Outcome]:
        """The same figures for all."""
        for point in points:
            yield replace(self._outcome, point=point, key=f"{point:064x}")

    def close(self) -> None:
        """Nothing runs."""


def figures(session: Session) -> Iterator[Figure]:
    """Speed-up, bytes, CPU of scheduler and client, and how many workers they can feed."""
    rounds = max(1, session.rounds // 3)
    dear, cheap = _plan(DEAR), _plan(CHEAP)
    turns = [(_swept(dear, 2, session.folder), _swept(dear, 1, session.folder)) for _ in range(rounds)]
    two, one = (Series(tuple(turn[side].rate for turn in turns)) for side in (0, 1))
    yield Figure("VGG-16, 2 workers", "points/s", two, "1 worker", one, "more", Target(1.8, "ratio"), _twice(one))
    yield Figure("start of 2 workers", "s", Series(tuple(turn[0].start_s for turn in turns)))
    yield from _bytes(dear)
    yield from _images(session, rounds)
    swept = [_swept(cheap, 2, session.folder) for _ in range(rounds)]
    scheduler = Series(tuple(1e3 * each.scheduler_s for each in swept))
    client = Series(tuple(1e3 * each.client_s for each in swept))
    rate = Series(tuple(each.rate for each in swept))
    stored = Series(tuple(_stored(cheap, session.folder) for _ in range(rounds)))
    yield Figure("LeNet-5, ideal memory, 2 workers", "points/s", rate, better="more")
    yield Figure("scheduler: CPU of a point", "ms", scheduler)
    yield Figure("client: CPU of a point, its row written", "ms", client)
    yield Figure("client: rows written, the outcomes there", "rows/s", stored, better="more")
    needed = WORKERS * one.median
    for name, cost in (("scheduler", scheduler), ("client", client)):
        feeds = Series((1e3 / cost.median / one.median,))
        yield Figure(f"VGG-16: workers that the {name} feeds", "workers", feeds, better="more", target=Target(WORKERS))
        share = Series((100 * needed * cost.median / 1e3,))
        yield Figure(f"VGG-16, {WORKERS} workers: the {name}'s core", "%", share, target=Target(100))


def _images(session: Session, rounds: int) -> Iterator[Figure]:
    """Of a batch of LeNet-5 through the engine: images a second, and what comes back of one."""
    network = lifsim.load_workload("lenet5_mnist")
    images = np.random.default_rng(0).random((IMAGES, *network.nodes[0].output.shape), np.float32)
    rates: dict[int, list[float]] = {2: [], 1: []}
    for _ in range(rounds):
        for workers, found in rates.items():
            with Cluster(session.folder / f"cluster-{time.monotonic_ns()}", workers) as running:
                running.workers()
                infer = partial(lifsim.infer, network, "random", scheduler=running.address)
                infer(images[: 64 * workers])
                begun = time.perf_counter()
                infer(images)
                found.append(IMAGES / (time.perf_counter() - begun))
    two, one = Series(tuple(rates[2])), Series(tuple(rates[1]))
    yield Figure(
        "LeNet-5, images, 2 workers", "images/s", two, "1 worker", one, "more", Target(1.8, "ratio"), _twice(one)
    )
    spikes = sum(lif.output.elements * lif.output.timesteps for lif in network.lifs)
    yield Figure("LeNet-5: what comes back of an image", "kB", Series((spikes / 8e3,)))
    feeds = Series((GIGABIT / (one.median * spikes / 8),))
    yield Figure("LeNet-5, images: workers that a gigabit a second feeds", "workers", feeds, better="more")


def _twice(one: Series) -> Limit:
    return Limit(2 * one.median, "twice 1 worker")


def _plan(of: tuple[str, ...]) -> Plan:
    return plan(read_request(None, options_document({"workload": [of[0]]}, (), of[1:])))


def _bytes(made: Plan) -> Iterator[Figure]:
    """What travels, as Dask sends it: once to each worker, and for each point there and back."""
    plugin = len(dumps(JobPlugin(made.job, {}, MODEL_VERSION)))
    outcome = len(dumps(Evaluator(made.job).outcome(made.points[0])))
    yield Figure("sent to each worker once", "kB", Series((plugin / 1e3,)))
    yield Figure("a point's outcome", "kB", Series((outcome / 1e3,)))


def _stored(made: Plan, folder: Path) -> float:
    """Rows a second of the client when it waits for nobody."""
    outcome, points = Evaluator(made.job).outcome(made.points[0]), len(made.points)
    file = folder / f"stored-{time.monotonic_ns()}"
    with Store.create_or_open(file, made.job.description()) as store:
        begun = time.perf_counter()
        run_points(made.job, store, list(range(points)), Recorded(outcome), lambda _: None)
    return points / (time.perf_counter() - begun)


def _swept(made: Plan, workers: int, folder: Path) -> Swept:
    """The whole plan on a cluster of its own, all that compiles or fills caches done before."""
    begun = time.perf_counter()
    with Cluster(folder / f"cluster-{time.monotonic_ns()}", workers) as running:
        running.workers()
        start_s = time.perf_counter() - begun
        file, scheduler = folder / f"swept-{time.monotonic_ns()}", running.scheduler.pid
        with (
            Store.create_or_open(file, made.job.description()) as store,
            DaskCluster(made.job, running.address) as executor,
        ):
            run_points(made.job, store, made.points[:workers], executor, lambda _: None)
            points = made.points[workers:]
            ours, its, clock = time.process_time(), _cpu_s(scheduler), time.perf_counter()
            run_points(made.job, store, points, executor, lambda _: None)
            seconds = time.perf_counter() - clock
            ours, its = time.process_time() - ours, _cpu_s(scheduler) - its
    return Swept(len(points) / seconds, its / len(points), ours / len(points), start_s)


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")
