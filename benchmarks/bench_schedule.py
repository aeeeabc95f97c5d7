"""How long does it take to find the schedule that moves the fewest bytes? `pytest benchmarks/bench_schedule.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from math import log

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

import lifsim
from benchmarks.frame.figure import Figure, Series, Target
from benchmarks.frame.paired import in_process
from benchmarks.frame.session import Session
from lifsim.graph.states import states_of
from lifsim.memo import Memo
from lifsim.schedule.chip import Chip
from lifsim.schedule.partition import plan
from lifsim.schedule.plan import Plan, ScheduleOptions

SHARINGS, SCHEDULES = ("none", "layer", "channel4"), ("tick", "auto")
CASES = (("vgg16_cifar10", 1), ("resnet19_imagenet100", 16))
"""Workloads, images."""
LARGE, LARGE_BATCHES = ("vgg16_cifar10", "resnet19_cifar10"), (4096, 65_536)
"""Of which some hundred sizes of chunks are to choose from; the most images that a run takes."""


def _planning(workload: str, batch: int, sharing: str, schedule: str) -> Callable[[], Plan]:
    network, arch = lifsim.load_workload(workload), lifsim.load_arch("sata128")
    states, options = states_of(network, lifsim.Sharing.parse(sharing)), ScheduleOptions(schedule, batch)
    return lambda: plan(network, states, Chip.of(arch), options, Memo())


def figures(session: Session) -> Iterator[Figure]:
    """Each network under each sharing and schedule; and of large batches how the search grows with them."""
    for (workload, batch), sharing, schedule in product(CASES, SHARINGS, SCHEDULES):
        pair = in_process(_planning(workload, batch, sharing, schedule), None, session.rounds)
        yield Figure(f"{workload}, batch {batch}, {sharing}, {schedule}", "ms", pair.ours.scaled(1e3))
    for workload, sharing in product(LARGE, SHARINGS):
        taken = list[float]()
        for batch in LARGE_BATCHES:
            pair = in_process(_planning(workload, batch, sharing, "auto"), None, session.rounds)
            yield Figure(f"{workload}, batch {batch:,}, {sharing}, auto", "ms", pair.ours.scaled(1e3))
            taken.append(pair.ours.median)
        exponent = log(taken[1] / taken[0]) / log(LARGE_BATCHES[1] / LARGE_BATCHES[0])
        what = f"{workload}, {sharing}, auto: growth over batches of {LARGE_BATCHES[0]:,} to {LARGE_BATCHES[1]:,}"
        yield Figure(what, "exponent", Series((exponent,)), target=Target(0.5))


@pytest.mark.parametrize("sharing", SHARINGS)
@pytest.mark.parametrize(("workload", "batch"), CASES)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_plan(benchmark: BenchmarkFixture, workload: str, batch: int, sharing: str, schedule: str) -> None:
    chosen = benchmark(_planning(workload, batch, sharing, schedule))
    assert len(chosen.layers) == len(lifsim.load_workload(workload).layers)
