"""A sweep over many machines: what a point costs worker, scheduler and client, and which of them is full first.

The scheduler and the workers are processes of their own on this machine; docs/scale.md has the arithmetic for more.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from distributed.protocol.pickle import dumps
from distributed.scheduler import heartbeat_interval

import lifsim
from benchmarks.cluster import reckoned
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

SWEEPS = {
    "VGG-16": ("vgg16_cifar10", "buffers.weight.size_bytes=16KiB:256KiB:x2", "array.rows=8:32:+1"),
    "LeNet-5": ("lenet5_mnist", "dram.model=ideal", "buffers.weight.size_bytes=8KiB:512KiB:x2", "array.rows=1:64:+1"),
    "digits CNN": ("digits_cnn", "buffers.weight.size_bytes=8KiB:512KiB:x2", "array.rows=1:64:+1"),
}
"""A network and its axes: 125 points that take a worker about 60 ms each, 448 of about 10 ms, 448 of about 1.6 ms,
which keep the scheduler busy."""

WORKERS, IMAGES, GIGABIT = 100, 1024, 125e6
"""Of the cluster that is reckoned with, of the batch that is measured; bytes."""

IDLE_S = 2.0
"""Over which the scheduler is looked at while nothing runs: its CPU is told in hundredths of a second."""


@dataclass(frozen=True)
class Swept:
    """A sweep on a cluster: points a second, CPU seconds a point of the scheduler and of the client; the share of a
    core that the scheduler takes while nothing runs; how long the cluster took to be there, from its first process to
    its last worker."""

    rate: float
    scheduler_s: float
    client_s: float
    idle: float
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
    """Speed-ups, bytes, CPU of scheduler and client, and what follows for a hundred workers."""
    rounds = max(1, session.rounds // 3)
    plans = {name: _plan(axes) for name, axes in SWEEPS.items()}
    sent, outcome = _bytes(plans["VGG-16"])
    yield Figure("sent to each worker once", "kB", Series((sent / 1e3,)))
    yield Figure("a point's outcome", "kB", Series((outcome / 1e3,)))
    for name, made in plans.items():
        yield from _sweeps(name, made, outcome, rounds, session.folder)
    yield from _images(session, rounds)
    stored = Series(tuple(_stored(plans["LeNet-5"], session.folder) for _ in range(rounds)))
    yield Figure("client: rows written, the outcomes there", "rows/s", stored, better="more")


def _sweeps(name: str, made: Plan, outcome: int, rounds: int, folder: Path) -> Iterator[Figure]:
    """Of one space; outcome: bytes of a point's."""
    turns = [(_swept(made, 2, folder), _swept(made, 1, folder)) for _ in range(rounds)]
    two, one = (Series(tuple(turn[side].rate for turn in turns)) for side in (0, 1))
    yield Figure(f"{name}, 2 workers", "points/s", two, "1 worker", one, "more", Target(1.8, "ratio"), _twice(one))
    yield Figure(f"{name}: start of 2 workers", "s", Series(tuple(turn[0].start_s for turn in turns)))
    scheduler, client = (Series(tuple(getattr(turn[0], of) for turn in turns)) for of in ("scheduler_s", "client_s"))
    yield Figure(f"{name}, scheduler: CPU of a point", "ms", scheduler.scaled(1e3))
    yield Figure(f"{name}, client: CPU of a point, its row written", "ms", client.scaled(1e3))
    idle = Series(tuple(turn[0].idle for turn in turns))
    yield Figure(f"{name}, scheduler: CPU while nothing runs, 2 workers", "%", idle.scaled(100))
    left = max(1 - idle.median * _beats(WORKERS) / _beats(2), 0.01)
    stations = {"scheduler": scheduler.median / left, "client": client.median, "network": outcome / GIGABIT}
    yield from _hundred(name, "points", one.median, stations)


def _beats(workers: int) -> float:
    """Heartbeats a second of so many workers."""
    return workers / float(heartbeat_interval(workers))


def _hundred(name: str, unit: str, rate: float, stations: Mapping[str, float]) -> Iterator[Figure]:
    """What WORKERS do of which each does so much a second; stations: seconds of a piece."""
    found = reckoned(WORKERS, 1 / rate, stations)
    case, limit = f"{name}, {WORKERS} workers, reckoned", Limit(WORKERS * rate, f"{WORKERS} times 1 worker")
    yield Figure(case, f"{unit}/s", Series((found.rate,)), better="more", limit=limit)
    for station, share in found.busy.items():
        yield Figure(f"{case}: {station} busy", "%", Series((100 * share,)), target=Target(80))


def _images(session: Session, rounds: int) -> Iterator[Figure]:
    """Of a batch of LeNet-5 through the engine: images a second, and what comes back of one."""
    network = lifsim.load_workload("lenet5_mnist")
    images = np.random.default_rng(0).random((IMAGES, *network.nodes[0].output.shape), np.float32)
    rates: dict[int, list[float]] = {2: [], 1: []}
    took = list[float]()
    for _ in range(rounds):
        for workers, found in rates.items():
            with Cluster(session.folder / f"cluster-{time.monotonic_ns()}", workers) as running:
                running.workers()
                infer = partial(lifsim.infer, network, "random", scheduler=running.address)
                infer(images[: 64 * workers])
                begun, used = time.perf_counter(), time.process_time()
                infer(images)
                found.append(IMAGES / (time.perf_counter() - begun))
                took.append((time.process_time() - used) / IMAGES)
    two, one, client = Series(tuple(rates[2])), Series(tuple(rates[1])), Series(tuple(took))
    yield Figure(
        "LeNet-5, images, 2 workers", "images/s", two, "1 worker", one, "more", Target(1.8, "ratio"), _twice(one)
    )
    spikes = sum(lif.output.elements * lif.output.timesteps for lif in network.lifs)
    yield Figure("LeNet-5: what comes back of an image", "kB", Series((spikes / 8e3,)))
    yield Figure("LeNet-5, images, client: CPU of an image", "ms", client.scaled(1e3))
    stations = {"client": client.median, "network": spikes / 8 / GIGABIT}
    yield from _hundred("LeNet-5, images", "images", one.median, stations)


def _twice(one: Series) -> Limit:
    return Limit(2 * one.median, "twice 1 worker")


def _plan(of: tuple[str, ...]) -> Plan:
    return plan(read_request(None, options_document({"workload": [of[0]]}, (), of[1:])))


def _bytes(made: Plan) -> tuple[int, int]:
    """What travels, as Dask sends it: once to each worker, and for each point back."""
    return len(dumps(JobPlugin(made.job, {}, MODEL_VERSION))), len(dumps(Evaluator(made.job).outcome(made.points[0])))


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
            points, its, clock = made.points[workers:], _cpu_s(scheduler), time.perf_counter()
            time.sleep(IDLE_S)
            idle = (_cpu_s(scheduler) - its) / (time.perf_counter() - clock)
            ours, its, clock = time.process_time(), _cpu_s(scheduler), time.perf_counter()
            run_points(made.job, store, points, executor, lambda _: None)
            seconds = time.perf_counter() - clock
            ours, its = time.process_time() - ours, _cpu_s(scheduler) - its
    return Swept(len(points) / seconds, its / len(points), ours / len(points), idle, start_s)


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")
