"""How long does timing a run take? Run: pytest benchmarks/bench_timing.py"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import product
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

import lifsim
from benchmarks.frame.figure import Figure
from benchmarks.frame.paired import in_process
from benchmarks.frame.session import Session
from lifsim.report.timeline import write_timeline

CYCLE = ["dram.model=cycle", "dram.device=ddr4_2400"]
BANDWIDTH = ["dram.model=bandwidth", "dram.bandwidth_bytes_per_s=19.2GB"]


WORKLOADS = ("vgg16_cifar10", "resnet19_imagenet100")
MEMORIES = {"ideal": ["dram.model=ideal"], "bandwidth": BANDWIDTH, "cycle": CYCLE}


def figures(session: Session) -> Iterator[Figure]:
    """Of whole runs in a process that is warm, what waiting for the memory costs beside a memory that nobody waits
    for."""
    for workload, memory in product(WORKLOADS, ("bandwidth", "cycle")):
        sides = [partial(lifsim.run, workload=workload, overrides=MEMORIES[name]) for name in (memory, "ideal")]
        pair = in_process(sides[0], sides[1], session.rounds)
        theirs = pair.theirs and pair.theirs.scaled(1e3)
        yield Figure(f"{workload}, {memory}", "ms", pair.ours.scaled(1e3), "the same, ideal", theirs)


@pytest.mark.parametrize("workload", WORKLOADS)
@pytest.mark.parametrize("memory", MEMORIES.values(), ids=MEMORIES)
def test_run(benchmark: BenchmarkFixture, workload: str, memory: list[str]) -> None:
    """A whole run, spikes drawn anew; the difference to `ideal` is what timing costs."""
    result = benchmark.pedantic(lambda: lifsim.run(workload=workload, overrides=memory), rounds=3, warmup_rounds=1)
    if result.timeline is not None:
        benchmark.extra_info["steps"] = len(result.timeline.steps.layer)
        benchmark.extra_info["requests"] = len(result.timeline.steps.moves.step)


def test_timestep_major(benchmark: BenchmarkFixture) -> None:
    """Thousands of small steps."""
    overrides = [*CYCLE, "buffers.membrane.size_bytes=4KiB"]
    benchmark.pedantic(
        lambda: lifsim.run(workload="resnet19_imagenet100", schedule="timestep", overrides=overrides), rounds=1
    )


def test_write_timeline(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    """Of a run of tens of thousands of steps."""
    halves = [f"buffers.{name}.double_buffered=true" for name in ("weight", "spike_in", "spike_out")]
    result = lifsim.run(workload="resnet19_imagenet100", overrides=[*BANDWIDTH, *halves])
    benchmark.pedantic(lambda: write_timeline(result, tmp_path / "timeline.json"), rounds=2)
