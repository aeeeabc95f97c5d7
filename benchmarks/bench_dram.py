"""Bursts a second of the DRAM model. Run: pytest benchmarks/bench_dram.py --benchmark-only"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.bench_roofline import BURST_LOOP
from benchmarks.frame.figure import Figure, Target
from benchmarks.frame.paired import in_process
from benchmarks.frame.session import Session
from lifsim.config.dram import load_dram
from lifsim.hardware.dram.requests import Requests, random, reads, sequential, strided, tiled
from lifsim.hardware.dram.simulate import simulate
from lifsim.model.dram import DramSpec

SIZE_BYTES = 16 << 20
DEVICES = ("ddr3_1866", "ddr4_2400", "lpddr4_2400", "hbm2")
TARGETS = {"sequential": 15.0, "written": 15.0, "blocks": 15.0, "tile": 10.0, "strided": 5.0, "random": 5.0}
"""Million bursts a second, by pattern."""


def _patterns(spec: DramSpec) -> dict[str, Requests]:
    return {
        "sequential": sequential(SIZE_BYTES),
        "written": replace(sequential(SIZE_BYTES), is_write=np.ones(1, np.bool_)),
        "blocks": reads(np.arange(0, SIZE_BYTES, 4096, dtype=np.uint64), 4096),
        "tile": tiled(spec, SIZE_BYTES, 4096),
        "strided": strided(spec, SIZE_BYTES, 4096),
        "random": random(spec, SIZE_BYTES, 64 << 20, seed=1),
    }


def figures(session: Session) -> Iterator[Figure]:
    """One core."""
    for device in DEVICES:
        spec = load_dram(device)
        for pattern, requests in _patterns(spec).items():
            counts = simulate(spec, requests).counts
            seconds = in_process(partial(simulate, spec, requests), None, session.rounds).ours
            rate = seconds.rate(1e-6 * (counts.reads + counts.writes))
            name, limit = f"{device}, {pattern}", session.limit(BURST_LOOP)
            target = Target(TARGETS[pattern])
            yield Figure(name, "M bursts/s", rate, better="more", target=target, limit=limit)


@pytest.mark.parametrize("name", DEVICES)
@pytest.mark.parametrize("pattern", TARGETS)
def test_bursts_a_second(benchmark: BenchmarkFixture, name: str, pattern: str) -> None:
    spec = load_dram(name)
    simulate(spec, sequential(1))
    result = benchmark.pedantic(simulate, (spec, _patterns(spec)[pattern]), rounds=3)
    bursts = result.counts.reads + result.counts.writes
    benchmark.extra_info["million_bursts_per_s"] = round(bursts / benchmark.stats.stats.min / 1e6, 2)
