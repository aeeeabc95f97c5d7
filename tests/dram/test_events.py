"""Does each rule of the event-driven kernel hold by itself? One small stream for each, all from fixed seeds."""

from __future__ import annotations

import numpy as np
import pytest

from lifsim.config.dram import load_dram
from lifsim.hardware.dram.requests import Requests
from lifsim.hardware.dram.stream import DramStream
from lifsim.model.dram import DramSpec
from tests.dram.streams import random_stream
from tests.dram.test_oracle import assert_equal_to_oracle

WIDE = "controller.requests_per_cycle=64"


def _bursts(spec: DramSpec, bursts: np.ndarray, arrivals: np.ndarray, is_write: np.ndarray | None = None) -> Requests:
    addresses = bursts.astype(np.uint64) << np.uint64(spec.offset_bits)
    written = np.zeros(bursts.size, np.bool_) if is_write is None else is_write
    return Requests(addresses, np.ones(bursts.size, np.int64), written, arrivals.astype(np.int64))


def _row(spec: DramSpec) -> int:
    return 1 << sum(segment.width for segment in spec.segments if segment.field != "ro")


@pytest.mark.parametrize("limit", [1, 4, 6])
def test_so_many_hits_go_before_an_older_miss(limit: int) -> None:
    """Hits are so far apart that the row could be closed between them."""
    spec = load_dram("ddr4_2400", [WIDE, "timing.tCCD_L=20", f"controller.row_hit_limit={limit}"])
    bursts = np.array([0, _row(spec), *range(1, 30)])
    assert_equal_to_oracle(spec, _bursts(spec, bursts, np.zeros(bursts.size)))


@pytest.mark.parametrize("is_write", [False, True])
def test_a_first_hit_behind_a_miss_is_news(is_write: bool) -> None:
    """It comes in 20 to 60 cycles behind the command that opened its row, before or after the row is closed."""
    spec = load_dram("ddr4_2400")
    bursts, written = np.array([0, _row(spec), 1]), np.array([False, False, is_write])
    for later in range(20, 60):
        assert_equal_to_oracle(spec, _bursts(spec, bursts, np.array([0, 1, later]), written))


@pytest.mark.parametrize("four", [30, 90])
def test_a_fifth_activate_waits_for_the_first_of_four(four: int) -> None:
    spec = load_dram("ddr4_2400", [WIDE, f"timing.tFAW={four}"])
    banks = np.arange(8) * 128
    assert_equal_to_oracle(spec, _bursts(spec, banks, np.zeros(8)))


@pytest.mark.parametrize("name", ["ddr3_1866", "hbm2"])
@pytest.mark.parametrize("seed", range(3))
def test_what_was_next_waits_for_a_refresh(name: str, seed: int) -> None:
    spec = load_dram(name, ["timing.tREFI=900"])
    assert_equal_to_oracle(spec, random_stream(spec, seed, 250, 0.3, 4096, 0.1))


@pytest.mark.parametrize("is_write", [False, True])
@pytest.mark.parametrize("size", [7, 32, 45, 300])
@pytest.mark.parametrize("given", [[], ["timing.tREFI=900"], [WIDE], ["controller.command_queue=2"]])
def test_channels_run_ahead_of_one_another(is_write: bool, size: int, given: list[str]) -> None:
    """Rows of 32 bursts, one channel after the other; what is asked for is cut into pieces of `size`, of which one is
    asked for again, and late."""
    spec = load_dram("hbm2", given)
    pieces = np.append(np.arange(0, 600, size), 40)
    sizes = np.full(pieces.size, size * spec.organisation.burst_bytes)
    addresses = pieces.astype(np.uint64) << np.uint64(spec.offset_bits)
    arrivals = np.where(np.arange(pieces.size) < pieces.size - 1, 0, 1500)
    assert_equal_to_oracle(spec, Requests(addresses, sizes, np.full(pieces.size, is_write), arrivals))


@pytest.mark.parametrize("name", ["ddr3_1866", "ddr4_2400", "lpddr4_2400", "hbm2"])
@pytest.mark.parametrize("writes", [0.0, 0.3, 1.0])
def test_first_bursts_are_answered_when_they_are_one_by_one(name: str, writes: float) -> None:
    spec, random = load_dram(name), np.random.default_rng(3)
    for size in (64, 256, 4096, 16384):
        count = int(random.integers(2, 12))
        requests = Requests(
            (np.arange(count) * size).astype(np.uint64),
            np.full(count, size),
            random.random(count) < writes,
            np.sort(random.integers(0, 2000, count)),
        )
        first = []
        for log_capacity in (0, 1 << 20):  # who logs them sends them one by one
            stream = DramStream(spec, log_capacity=log_capacity)
            stream.submit(requests)
            stream.finish()
            first.append(stream.records[2]["first_completion"][:count].tolist())
        assert first[0] == first[1]
