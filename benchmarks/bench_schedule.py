"""How long does it take to find the schedule that moves the fewest bytes? `pytest benchmarks/bench_schedule.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

import lifsim
from benchmarks.frame.figure import Figure
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


def _planning(workload: str, batch: int, sharing: str, schedule: str) -> Callable[[], Plan]:
    network, arch = lifsim.load_workload(workload), lifsim.load_arch("sata128")
    states, options = states_of(network, lifsim.Sharing.parse(sharing)), ScheduleOptions(schedule, batch)
    return lambda: plan(network, states, Chip.of(arch), options, Memo())


def figures(session: Session) -> Iterator[Figure]:
    """Each network under each sharing and schedule."""
    for (workload, batch), sharing, schedule in product(CASES, SHARINGS, SCHEDULES):
        pair = in_process(_planning(workload, batch, sharing, schedule), None, session.rounds)
        yield Figure(f"{workload}, batch {batch}, {sharing}, {schedule}", "ms", pair.ours.scaled(1e3))


@pytest.mark.parametrize("sharing", SHARINGS)
@pytest.mark.parametrize(("workload", "batch"), CASES)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_plan(benchmark: BenchmarkFixture, workload: str, batch: int, sharing: str, schedule: str) -> None:
    chosen = benchmark(_planning(workload, batch, sharing, schedule))
    assert len(chosen.layers) == len(lifsim.load_workload(workload).layers)
