"""Is a DRAM that is fed piece by piece, or in runs of many bursts, the same DRAM?"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifsim.config.dram import load_dram
from lifsim.errors import InputError
from lifsim.hardware.dram.requests import Requests, sequential
from lifsim.hardware.dram.simulate import simulate
from lifsim.hardware.dram.stream import DramStream
from lifsim.model.dram import DramSpec
from tests.dram.streams import runs_of_bursts

PRESETS = ("ddr3_1866", "ddr4_2400", "lpddr4_2400", "hbm2")


def runs(spec: DramSpec, seed: int, count: int, longest: int, writes: float) -> Requests:
    """`count` runs of up to `longest` bursts each, near each other."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, longest * spec.organisation.burst_bytes, count)
    arrivals = np.sort(rng.integers(0, 20 * count, count))
    return Requests(rng.integers(0, 1 << 22, count).astype(np.uint64), sizes, rng.random(count) < writes, arrivals)


def test_a_run_of_bursts_is_answered_with_the_last_of_them() -> None:
    spec = load_dram("ddr4_2400")
    whole = simulate(spec, sequential(1 << 20))
    count = (1 << 20) // 64
    zeros = np.zeros(count, np.int64)
    single = simulate(spec, Requests(np.arange(count, dtype=np.uint64) * 64, zeros + 1, zeros > 0, zeros))
    assert whole.completion_cycles[0] == single.completion_cycles.max() == whole.cycles
    assert whole.channels == single.channels


@pytest.mark.parametrize("name", PRESETS)
@settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 2**31), writes=st.sampled_from([0.0, 0.4]))
def test_pieces_end_where_the_whole_does(name: str, seed: int, writes: float) -> None:
    spec = load_dram(name)
    stream, starts, answers = DramStream(spec), [], []
    asked = runs(spec, seed, 8, 200, writes)
    for index in range(8):  # each run starts when the one before it was answered, as the tiles of a layer do
        start = answers[-1] if answers else 0
        one = slice(index, index + 1)
        piece = Requests(asked.addresses[one], asked.sizes_bytes[one], asked.is_write[one], np.array([start]))
        (number,) = stream.submit(piece)
        starts.append(start)
        if index < 7:  # the last is left to `finish`, which knows that no more writes come to wait for
            answers.append(stream.run_until_answered(number))
    whole = simulate(spec, Requests(asked.addresses, asked.sizes_bytes, asked.is_write, np.array(starts)))
    assert answers == whole.completion_cycles.tolist()[:7]
    assert stream.finish() == whole


@pytest.mark.parametrize("name", PRESETS)
def test_what_comes_in_behind_an_answer_finds_the_dram_as_it_was_then(name: str) -> None:
    spec, rng = load_dram(name), np.random.default_rng(7)
    stream, pieces, start = DramStream(spec), [], 0
    for _ in range(40):  # a write is answered in the cycle behind: most of what was asked for before still waits then
        addresses, is_write = rng.integers(0, 1 << 26, 12).astype(np.uint64), np.arange(12) == 0
        pieces.append(Requests(addresses, np.ones(12, np.int64), is_write, np.full(12, start)))
        start = stream.run_until_answered(stream.submit(pieces[-1])[0])
        assert stream.cycle < start
    columns = ("addresses", "sizes_bytes", "is_write", "arrival_cycles")
    whole = Requests(*(np.concatenate([getattr(piece, column) for piece in pieces]) for column in columns))
    assert stream.finish() == simulate(spec, whole)


def test_a_stream_begins_before_cycle_0() -> None:
    stream = DramStream(load_dram("hbm2"))
    assert stream.cycle == -1
    stream.run_until(0)
    assert stream.cycle == -1


def test_running_up_to_a_cycle_changes_nothing() -> None:
    spec = load_dram("hbm2")
    stream, asked = DramStream(spec), runs(load_dram("hbm2"), 3, 12, 300, 0.3)
    stream.submit(asked)
    for cycle in range(0, 1000, 7):
        stream.run_until(cycle)
        assert stream.cycle < cycle
    assert stream.finish() == simulate(spec, asked)


@pytest.mark.parametrize("name", PRESETS)
def test_nor_does_it_within_a_streak(name: str) -> None:
    spec = load_dram(name)
    asked = runs_of_bursts(spec, 5, 8, 400, 0.0)
    stream = DramStream(spec)
    stream.submit(asked)
    for cycle in range(0, 30_000, 171):
        stream.run_until(cycle)
        assert stream.cycle < max(cycle, 1)
    assert stream.finish() == simulate(spec, asked)


@pytest.mark.parametrize("is_write", [False, True])
def test_a_full_channel_that_goes_on_alone_tells_its_last_cycle(is_write: bool) -> None:
    """Each burst is of a row of its own, so that the channel of the next one is soon full. A stream with a log goes
    through the cycles of both channels side by side; one without lets the full channel go on alone until it has room,
    or up to the cycle that is asked for: that is the cycle that both tell."""
    spec = load_dram("lpddr3_1600_x32", ["organisation.channels=2"])
    row = 1 << sum(segment.width for segment in spec.segments if segment.field != "ro")
    addresses, zeros = np.arange(200, dtype=np.uint64) * np.uint64(row << spec.offset_bits), np.zeros(200, np.int64)
    asked, streams = Requests(addresses, zeros + 1, np.full(200, is_write), zeros), list[DramStream]()
    for capacity in (0, 50_000):
        streams.append(DramStream(spec, log_capacity=capacity))
        streams[-1].submit(asked)
    for cycle in range(40, 2000, 9):
        for stream in streams:
            stream.run_until(cycle)
        assert streams[0].cycle == streams[1].cycle
    assert streams[0].finish() == streams[1].finish()


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("is_write", [False, True])
def test_blocks_that_go_on_where_the_last_ended_are_one(name: str, is_write: bool) -> None:
    spec = load_dram(name)
    sizes = np.array([1, 7, 128, 1, 300, 64, 2, 512]) * spec.organisation.burst_bytes
    zeros, kind = np.zeros(8, np.int64), np.full(8, is_write)
    pieces = simulate(spec, Requests((np.cumsum(sizes) - sizes).astype(np.uint64), sizes, kind, zeros))
    whole = simulate(spec, Requests(np.zeros(1, np.uint64), sizes.sum(keepdims=True), kind[:1], zeros[:1]))
    assert pieces.channels == whole.channels
    assert pieces.cycles == whole.cycles


def test_bytes_beyond_the_dram_are_refused() -> None:
    spec = load_dram("hbm2")
    capacity = spec.organisation.capacity_bytes
    for address, size in ((capacity, 1), (capacity - 64, 65), (2**64 - 1, 1)):
        one = np.ones(1, np.int64)
        with pytest.raises(InputError, match="must lie within"):
            simulate(spec, Requests(np.array([address], np.uint64), one * size, one < 0, one))


def test_so_many_reads_wait_for_one_and_no_more() -> None:
    """64 reads of one burst come in a cycle, and its row opens in 600: 32768 share the first one's data, and the front
    end waits. Then there is a read each 6 cycles (tCCD_L), for those that came in meanwhile."""
    slow = ["timing.tRCD=600", "timing.tRAS=600", "timing.tRC=617", "controller.requests_per_cycle=64"]
    zeros = np.zeros(40_000, np.int64)
    result = simulate(load_dram("ddr4_2400", slow), Requests(zeros.astype(np.uint64), zeros + 1, zeros > 0, zeros))
    _, (first, *others) = np.unique(result.completion_cycles, return_counts=True)
    assert first == 1 + 32768
    assert max(others) == 6 * 64
