"""How long does it take to find the schedule that moves the fewest bytes? `pytest benchmarks/bench_schedule.py`."""

from __future__ import annotations

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from lifsim.config.arch import load_arch
from lifsim.config.workload import load_workload
from lifsim.graph.states import states_of
from lifsim.memo import Memo
from lifsim.model.sharing import Sharing
from lifsim.schedule.chip import Chip
from lifsim.schedule.partition import plan
from lifsim.schedule.plan import ScheduleOptions


@pytest.mark.parametrize("sharing", ["none", "layer", "channel4"])
@pytest.mark.parametrize(("workload", "batch"), [("vgg16_cifar10", 1), ("resnet19_imagenet100", 16)])
@pytest.mark.parametrize("schedule", ["tick", "auto"])
def test_plan(benchmark: BenchmarkFixture, workload: str, batch: int, sharing: str, schedule: str) -> None:
    network, arch = load_workload(workload), load_arch("sata128")
    states, options = states_of(network, Sharing.parse(sharing)), ScheduleOptions(schedule, batch)
    chosen = benchmark(lambda: plan(network, states, Chip.of(arch), options, Memo()))
    assert len(chosen.layers) == len(network.layers)
