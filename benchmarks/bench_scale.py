"""A sweep over many machines: what a point costs worker, scheduler and client, and which of them is full first.

The scheduler and the workers are processes of their own on this machine; docs/scale.md has the arithmetic for more.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import median

import numpy as np
from distributed.protocol.pickle import dumps
from distributed.scheduler import heartbeat_interval

import lifsim
from benchmarks.cluster import reckoned
from benchmarks.frame.figure import Figure, Limit, Series, Target
from benchmarks.frame.session import Session
from lifsim.batches.dask import packed
from lifsim.batches.parts import Array
from lifsim.batches.parts import Inferred as Part
from lifsim.model.network import Network
from lifsim.simulate.resolved import MODEL_VERSION
from lifsim.sweeps.dask import DaskCluster, JobPlugin
from lifsim.sweeps.evaluate import Evaluator
from lifsim.sweeps.executor import Executor
from lifsim.sweeps.handfuls import Handfuls
from lifsim.sweeps.outcome import Outcome
from lifsim.sweeps.parcel import Parcel
from lifsim.sweeps.plan import Plan, plan
from lifsim.sweeps.request import options_document, read_request
from lifsim.sweeps.run import run_points
from lifsim.sweeps.space import Space
from lifsim.sweeps.store import Store
from lifsim.units import counted
from tests.faults.cluster import Cluster

WEIGHTS = "buffers.weight.size_bytes=8KiB:512KiB:x2"
SWEEPS: Mapping[str, tuple[dict[str, object], tuple[str, ...]]] = {
    "VGG-16": ({"workload": ["vgg16_cifar10"]}, ("buffers.weight.size_bytes=16KiB:256KiB:x2", "array.rows=8:64:+1")),
    "LeNet-5": ({"workload": ["lenet5_mnist"]}, ("dram.model=ideal", WEIGHTS, "array.rows=1:256:+1")),
    "digits CNN": ({"workload": ["digits_cnn"], "rate": 0.15}, (WEIGHTS, "array.rows=1:128:+1")),
}
"""Options, one of them a network, and axes: 285 points that take a worker about 60 ms each, 1,792 of about 10 ms, 896
of about 15 ms: most are run in handfuls as long as those of larger sweeps."""

WORKERS, IMAGES, GIGABIT = 100, 1024, 125e6
"""Of the cluster that is reckoned with, of the batch that is measured; bytes."""

TOGETHER = 16
"""Points of a handful, where bytes and rows are measured."""

IDLE_S = 2.0
"""Over which the scheduler is looked at while nothing runs."""


@dataclass(frozen=True)
class Swept:
    """A sweep on a cluster: points a second; CPU seconds a point of the client, and of the scheduler beyond what it
    takes while nothing runs; the share of a core that this is; how long the cluster took to be there, from its first
    process to its last worker."""

    rate: float
    scheduler_s: float
    client_s: float
    idle: float
    start_s: float


class Recorded(Executor):
    """Has every outcome already, packed, so that the client alone is at work."""

    def __init__(self, parcel: Parcel) -> None:
        self._parcel = parcel

    def outcomes(self, points: Iterable[int]) -> Iterator[Outcome]:
        """The same figures for all."""
        for parcel in self.parcels(points, Space(())):
            yield from parcel.outcomes

    def parcels(self, points: Iterable[int], space: Space) -> Iterator[Parcel]:  # noqa: ARG002 (as packed)
        """As many at a time as the parcel has."""
        every = iter(points)
        while some := tuple(islice(every, len(self._parcel))):
            yield replace(self._parcel, points=some) if len(some) == len(self._parcel) else self._parcel

    def close(self) -> None:
        """Nothing runs."""


def figures(session: Session) -> Iterator[Figure]:
    """Speed-ups, bytes, CPU of scheduler and client, and what follows for a hundred workers."""
    rounds = max(1, session.rounds // 3)
    plans = {name: _plan(*asked) for name, asked in SWEEPS.items()}
    sent, outcome = _bytes(plans["VGG-16"])
    yield Figure("sent to each worker once", "kB", Series((sent / 1e3,)))
    yield Figure(f"a point's outcome, {TOGETHER} together", "kB", Series((outcome / 1e3,)))
    stored = Series(tuple(_stored(plans["LeNet-5"], session.folder) for _ in range(rounds)))
    yield Figure(f"client: rows written, {TOGETHER} outcomes at a time", "rows/s", stored, better="more")
    fixed = Series(tuple(_idle_without_workers(session.folder) for _ in range(rounds)))
    yield Figure("scheduler: CPU while nothing runs, no worker", "%", fixed.scaled(100))
    costs = Costs(outcome / GIGABIT, 1 / stored.median, fixed.median)
    for name, made in plans.items():
        yield from _sweeps(name, made, costs, rounds, session.folder)
    yield from _images(session, rounds, costs)


@dataclass(frozen=True)
class Costs:
    """Seconds of a point: network_s, and row_s of the client alone, its row written; fixed: the share of a core that a
    scheduler without workers takes."""

    network_s: float
    row_s: float
    fixed: float

    def left(self, idle: float) -> float:
        """Of the scheduler of WORKERS, whose heartbeats take their share of it; idle: that of two."""
        beats = max(idle - self.fixed, 0.0) * _beats(WORKERS) / _beats(2)
        return max(1 - self.fixed - beats, 0.01)

    def stations(self, scheduler_s: float, client_s: float, idle: float) -> dict[str, float]:
        """Of WORKERS, by what two take: handfuls are longer, and cost what they did; a row costs what it did."""
        fewer = Handfuls((), 2).seconds / Handfuls((), WORKERS).seconds
        client_s = self.row_s + max(client_s - self.row_s, 0.0) * fewer
        return {"scheduler": scheduler_s * fewer / self.left(idle), "client": client_s, "network": self.network_s}


def _sweeps(name: str, made: Plan, costs: Costs, rounds: int, folder: Path) -> Iterator[Figure]:
    """Of one space."""
    turns = [(_swept(made, 2, folder), _swept(made, 1, folder)) for _ in range(rounds)]
    two, one = (Series(tuple(turn[side].rate for turn in turns)) for side in (0, 1))
    yield Figure(f"{name}, 2 workers", "points/s", two, "1 worker", one, "more", Target(1.8, "ratio"), _twice(one))
    yield Figure(f"{name}: start of 2 workers", "s", Series(tuple(turn[0].start_s for turn in turns)))
    scheduler, client = (Series(tuple(getattr(turn[0], of) for turn in turns)) for of in ("scheduler_s", "client_s"))
    yield Figure(f"{name}, scheduler: CPU of a point", "ms", scheduler.scaled(1e3))
    yield Figure(f"{name}, client: CPU of a point, its row written", "ms", client.scaled(1e3))
    idle = Series(tuple(turn[0].idle for turn in turns))
    yield Figure(f"{name}, scheduler: CPU while nothing runs, 2 workers", "%", idle.scaled(100))
    stations = costs.stations(scheduler.median, client.median, idle.median)
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


def _images(session: Session, rounds: int, costs: Costs) -> Iterator[Figure]:
    """Of a batch of LeNet-5 through the engine: images a second, and what comes back of one."""
    network = lifsim.load_workload("lenet5_mnist")
    images = np.random.default_rng(0).random((IMAGES, *network.nodes[0].output.shape), np.float32)
    kinds = {"LeNet-5, images": False, "LeNet-5, images, counts alone": True}
    turns: dict[tuple[str, int], list[Inferred]] = {(name, workers): [] for name in kinds for workers in (2, 1)}
    for _ in range(rounds):
        for (name, workers), found in turns.items():
            with Cluster(session.folder / f"cluster-{time.monotonic_ns()}", workers) as running:
                infer = partial(lifsim.infer, network, "random", scheduler=running.address, counts_only=kinds[name])
                found.append(_inferred(running, infer, images))
    back = dict(zip(kinds, _bytes_back(network), strict=True))
    for name in kinds:
        two, one = (Series(tuple(turn.rate for turn in turns[name, workers])) for workers in (2, 1))
        client, scheduler = (
            Series(tuple(getattr(turn, of) for turn in turns[name, 2])) for of in ("client_s", "scheduler_s")
        )
        yield Figure(f"{name}, 2 workers", "images/s", two, "1 worker", one, "more", Target(1.8, "ratio"), _twice(one))
        yield Figure(f"{name}: what comes back of an image", "kB", Series((back[name] / 1e3,)))
        yield Figure(f"{name}, client: CPU of an image", "ms", client.scaled(1e3))
        yield Figure(f"{name}, scheduler: CPU of an image", "ms", scheduler.scaled(1e3))
        left = costs.left(median(turn.idle for turn in turns[name, 2]))
        stations = {
            "scheduler": scheduler.median / left, "client": client.median, "network": back[name] / GIGABIT,
        }  # fmt: skip
        yield from _hundred(name, "images", one.median, stations)


@dataclass(frozen=True)
class Inferred:
    """Images on a cluster: as of Swept."""

    rate: float
    scheduler_s: float
    client_s: float
    idle: float


def _inferred(running: Cluster, infer: Callable[[Array], object], images: Array) -> Inferred:
    workers, scheduler = len(running.workers()), running.scheduler.pid
    infer(images[: 64 * workers])
    idle = _idle(scheduler)
    ours, its, clock = time.process_time(), _cpu_s(scheduler), time.perf_counter()
    infer(images)
    seconds = time.perf_counter() - clock
    ours, its = time.process_time() - ours, _cpu_s(scheduler) - its
    return Inferred(len(images) / seconds, max(its - idle * seconds, 0.0) / len(images), ours / len(images), idle)


def _bytes_back(network: Network) -> tuple[float, float]:
    """Of an image: with all spikes, and with counts alone."""
    outputs = network.nodes[-1].output
    shape = (outputs.timesteps, 64, outputs.elements)
    lifs = {lif.name: lif.output for lif in network.lifs}
    spikes = {name: np.zeros((of.timesteps, 64, *of.shape), bool) for name, of in lifs.items()}
    membranes = {name: np.zeros((64, *of.shape), np.float32) for name, of in lifs.items()}
    counts = {name: np.zeros((of.timesteps, 64), np.int64) for name, of in lifs.items()}
    every = (
        Part(0, np.zeros(shape, np.float32), spikes, {}, membranes),
        Part(0, np.zeros(shape, np.float32), {}, counts, {}),
    )
    whole, alone = (len(dumps(packed(part))) / 64 for part in every)
    return whole, alone


def _twice(one: Series) -> Limit:
    return Limit(2 * one.median, "twice 1 worker")


def _plan(asked: dict[str, object], axes: tuple[str, ...]) -> Plan:
    return plan(read_request(None, options_document(asked, (), axes)))


def _parcel(made: Plan) -> Parcel:
    evaluator, points = Evaluator(made.job), made.points[:TOGETHER]
    return Parcel.of((evaluator.outcome(point), made.job.space.at(point)) for point in points)


def _bytes(made: Plan) -> tuple[int, float]:
    """What travels, as Dask sends it: once to each worker, and for each point back."""
    return len(dumps(JobPlugin(made.job, {}, MODEL_VERSION))), len(dumps(_parcel(made))) / TOGETHER


def _stored(made: Plan, folder: Path) -> float:
    """Rows a second of the client when it waits for nobody."""
    parcel, points = _parcel(made), len(made.points) // TOGETHER * TOGETHER
    file = folder / f"stored-{time.monotonic_ns()}"
    with Store.create_or_open(file, made.job.description()) as store:
        begun = time.process_time()
        run_points(made.job, store, list(range(points)), Recorded(parcel), lambda _: None)
    return points / (time.process_time() - begun)


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
            points, idle = made.points[workers:], _idle(scheduler)
            ours, its, clock = time.process_time(), _cpu_s(scheduler), time.perf_counter()
            run_points(made.job, store, points, executor, lambda _: None)
            seconds = time.perf_counter() - clock
            ours, its = time.process_time() - ours, _cpu_s(scheduler) - its
            failed = sum(store.errors().values())
    if failed:
        raise RuntimeError(f"{counted(failed, 'point')} failed: their time says nothing")
    count = len(points)
    return Swept(count / seconds, max(its - idle * seconds, 0.0) / count, ours / count, idle, start_s)


def _idle_without_workers(folder: Path) -> float:
    with Cluster(folder / f"cluster-{time.monotonic_ns()}", 0) as running:
        return _idle(running.scheduler.pid)


def _idle(scheduler: int) -> float:
    """The share of a core that it takes while nothing runs."""
    its, clock = _cpu_s(scheduler), time.perf_counter()
    time.sleep(IDLE_S)
    return (_cpu_s(scheduler) - its) / (time.perf_counter() - clock)


def _cpu_s(pid: int) -> float:
    """Of all threads of a process, to the nanosecond."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e9
