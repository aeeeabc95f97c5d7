"""Does what goes at once, rounds, tails, what the front end takes and what fills a bank, go as it does one by one?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lifsim.config.dram import load_dram
from lifsim.hardware.dram.requests import Requests, reads, sequential, tiled
from lifsim.hardware.dram.result import DramResult
from lifsim.hardware.dram.simulate import simulate
from lifsim.hardware.dram.state import BLOCK
from lifsim.hardware.dram.stream import DramStream
from lifsim.model.dram import DramSpec
from tests.dram.streams import runs_of_bursts
from tests.dram.test_oracle import PRESETS, assert_equal, assert_equal_to_oracle

DEVICES = ("ddr3_1866", "ddr4_2400", "lpddr3_1600_x32", "lpddr4_2400", "hbm2")
PATTERNS = ("read", "written", "blocks", "tiles")
SETTINGS = (
    [],
    ["mapping=rocorabgbach"],
    ["controller.dual_command=true", "controller.row_hit_limit=2"],
    ["timing.tRCD=90", "timing.tRAS=120", "timing.tRC=140"],
    ["timing.tCCD_S=12", "timing.tCCD_L=12"],
    ["controller.requests_per_cycle=5", "controller.command_queue=3", "controller.read_queue=48"],
)


def of_pattern(pattern: str, spec: DramSpec) -> Requests:
    """A quarter of a MiB."""
    every = {
        "read": sequential(1 << 18),
        "written": replace(sequential(1 << 18), is_write=np.ones(1, np.bool_)),
        "blocks": reads(np.arange(0, 1 << 18, 1728, dtype=np.uint64), 1728),
        "tiles": tiled(spec, 1 << 18, 4096),
    }
    return every[pattern]


def logged(spec: DramSpec, requests: Requests) -> DramResult:
    """Who logs the commands sends hits one by one."""
    stream = DramStream(spec, log_capacity=1 << 16)
    stream.submit(requests)
    return stream.finish()


@pytest.mark.parametrize("name", DEVICES)
@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("given", SETTINGS, ids=" ".join)
def test_rows_that_follow_one_another(name: str, pattern: str, given: list[str]) -> None:
    spec = load_dram(name, given)
    requests = of_pattern(pattern, spec)
    assert_equal(simulate(spec, requests), logged(spec, requests))


@pytest.mark.parametrize("name", DEVICES)
@pytest.mark.parametrize("writes", [0, 5, 20])
def test_a_tail_after_which_more_is_asked_for(name: str, writes: int) -> None:
    """The next requests arrive in the cycle in which the last read of those before is answered, or while it is sent."""
    spec = load_dram(name)
    burst, results = spec.organisation.burst_bytes, []
    for log_capacity in (0, 1 << 16):
        stream, now = DramStream(spec, log_capacity=log_capacity), 0
        for piece in range(8):
            addresses = np.array([piece << 18, (1 << 22) + (piece << 12)], np.uint64)
            sizes, is_write = np.array([150 + 70 * piece, writes]) * burst, np.array([False, True])
            kept = sizes > 0
            asked = stream.submit(
                Requests(addresses[kept], sizes[kept], is_write[kept], np.full(kept.sum(), now, np.int64))
            )
            now = stream.run_until_answered(asked[0])
            stream.run_until(now := now + 37 * (piece % 3))
        results.append(stream.finish())
    assert_equal(*results)


@pytest.mark.parametrize("is_write", [False, True])
@pytest.mark.parametrize("gap", [0, 5, 9])
def test_what_one_channel_has_left_when_the_answer_of_another_is_there(is_write: bool, gap: int) -> None:
    """The run ends with the read of channel 0; what then comes meets channel 1 with most of its row still to do."""
    spec = load_dram("hbm2", ["controller.read_queue=48", "timing.tCCD_S=8", "timing.tCCD_L=8"])
    burst, results = spec.organisation.burst_bytes, []
    row = 32 * burst
    for log_capacity in (0, 1 << 16):
        stream = DramStream(spec, log_capacity=log_capacity)
        kinds, zeros = np.array([False, is_write]), np.zeros(2, np.int64)
        asked = stream.submit(Requests(np.array([0, row], np.uint64), np.array([4, 32]) * burst, kinds, zeros))
        now = np.array([stream.run_until_answered(asked[0]) + gap])
        other_bank = np.array([row + 8 * row], np.uint64)
        stream.submit(Requests(other_bank, np.array([20 * burst]), np.array([False]), now))
        results.append(stream.finish())
    assert_equal(*results)


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize(("write_queue", "drain_above"), [(2, 2), (4, 8), (24, 3), (32, 8)])
@pytest.mark.parametrize("width", [1, 7])
def test_the_front_end_is_ahead_of_no_turn_of_the_writes(
    name: str, write_queue: int, drain_above: int, width: int
) -> None:
    given = {"write_queue": write_queue, "drain_above": drain_above, "requests_per_cycle": width}
    spec = load_dram(name, [f"controller.{key}={value}" for key, value in given.items()])
    for seed, writes in ((1, 1.0), (2, 0.5)):
        assert_equal_to_oracle(spec, runs_of_bursts(spec, seed, 6, 60, writes))


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("given", SETTINGS, ids=" ".join)
def test_reads_that_go_on_behind_writes(name: str, given: list[str]) -> None:
    """They are one series, in blocks between which those of the other kind lie, and writes that have come to their bank
    wait there while the reads go on."""
    spec = load_dram(name, given)
    assert_equal_to_oracle(spec, tiled(spec, 1 << 15, 24 * spec.organisation.burst_bytes))


@pytest.mark.parametrize("queue", [1, 2])
@pytest.mark.parametrize("writes", [4, 5, 12])
@pytest.mark.parametrize(("first", "beside"), [(20, 1), (2, 3)])
def test_writes_have_their_turn_when_no_command_is_left(queue: int, writes: int, first: int, beside: int) -> None:
    """They all come in between two hits of a bank that holds `queue` commands, or while a bank beside it has some:
    behind the next hit of one it has none, and more writes than `drain_above` come first."""
    given = {"command_queue": queue, "read_queue": 6, "drain_above": 4, "requests_per_cycle": 5}
    slow = ["timing.tCCD_S=12", "timing.tCCD_L=12"]
    spec = load_dram("ddr3_1866", [*slow, *(f"controller.{key}={value}" for key, value in given.items())])
    addresses, sizes = np.array([1 << 13, 0, 3 << 13, first]), np.array([beside, first, writes, 60])
    addresses[3] *= spec.organisation.burst_bytes
    is_write = np.array([False, False, True, False])
    assert_equal_to_oracle(
        spec,
        Requests(addresses.astype(np.uint64), sizes * spec.organisation.burst_bytes, is_write, np.zeros(4, np.int64)),
    )


def test_blocks_of_one_series_are_kept_as_long_as_it_waits() -> None:
    """Writes that wait long, in several blocks between which reads lie, are counted for theirs when they are sent."""
    spec, results = load_dram("ddr4_2400"), []
    burst = spec.organisation.burst_bytes
    for forgets in (False, True):
        stream, forgotten = DramStream(spec), [np.zeros(0, BLOCK)]
        for piece in range(9):
            addresses = np.array([piece * 40 * burst, (1 << 28) + piece * 3 * burst], np.uint64)
            arrival = np.full(2, max(0, stream.cycle), np.int64)
            stream.submit(Requests(addresses, np.array([40, 3]) * burst, np.array([False, True]), arrival))
            stream.run_until(600 * (piece + 1))
            if forgets:
                forgotten.append(stream.forget(np.zeros(stream.records[2].size, np.bool_))[0])
        stream.run_until(1 << 14)
        result = stream.result_with(np.concatenate(forgotten))
        sent = (result.completion_cycles, result.blocks.activates, result.blocks.accesses, result.blocks.row_hits)
        results.append((result.counts, result.cycles, sorted(zip(*map(np.ndarray.tolist, sent), strict=True))))
    assert results[0] == results[1]
    assert sum(part.size for part in forgotten) > 9
