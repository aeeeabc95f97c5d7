"""Bursts a second of the DRAM model. Run: pytest benchmarks/bench_dram.py --benchmark-only"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from lifsim.config.dram import load_dram
from lifsim.hardware.dram.requests import Requests, random, reads, sequential, strided, tiled
from lifsim.hardware.dram.simulate import simulate

SIZE_BYTES = 16 << 20


@pytest.mark.parametrize("name", ["ddr3_1866", "ddr4_2400", "lpddr4_2400", "hbm2"])
@pytest.mark.parametrize("pattern", ["sequential", "written", "blocks", "tile", "strided", "random"])
def test_bursts_a_second(benchmark: BenchmarkFixture, name: str, pattern: str) -> None:
    spec = load_dram(name)
    patterns: dict[str, Requests] = {
        "sequential": sequential(SIZE_BYTES),
        "written": replace(sequential(SIZE_BYTES), is_write=np.ones(1, np.bool_)),
        "blocks": reads(np.arange(0, SIZE_BYTES, 4096, dtype=np.uint64), 4096),
        "tile": tiled(spec, SIZE_BYTES, 4096),
        "strided": strided(spec, SIZE_BYTES, 4096),
        "random": random(spec, SIZE_BYTES, 64 << 20, seed=1),
    }
    simulate(spec, sequential(1))
    result = benchmark.pedantic(simulate, (spec, patterns[pattern]), rounds=3)
    bursts = result.counts.reads + result.counts.writes
    benchmark.extra_info["million_bursts_per_s"] = round(bursts / benchmark.stats.stats.min / 1e6, 2)
