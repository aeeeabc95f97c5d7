"""Does the compiled controller send what the plain one sends, in the same cycle?"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifsim.config.dram import load_dram
from lifsim.hardware.dram.requests import Requests
from lifsim.hardware.dram.result import DramResult
from lifsim.hardware.dram.simulate import simulate
from lifsim.model.dram import DramSpec
from tests.dram.streams import random_stream, run, runs_of_bursts
from tests.oracles import dram as oracle
from tests.oracles.dram_checker import ACT, PRE, WR, Sent

PRESETS = ("ddr3_1866", "ddr3_1600", "ddr4_2400", "lpddr4_2400", "hbm2")
CYCLES = (
    "AL",
    "CL",
    "CWL",
    "tRP",
    "tRAS",
    "tWR",
    "tWTR_S",
    "tRTP",
    "tRTRS",
    "tPPD",
    "tFAW",
    "tRCD",
    "tRRD_S",
    "tCCD_S",
)


def done_by_oracle(spec: DramSpec, requests: Requests) -> tuple[list[int], oracle.Outcome]:
    """The cycle in which the last burst of each request is answered, and all that was done for it."""
    first = requests.addresses.astype(np.int64) >> spec.offset_bits
    counts = (requests.addresses.astype(np.int64) + requests.sizes_bytes - 1 >> spec.offset_bits) - first + 1
    starts = np.cumsum(counts) - counts
    bursts = np.repeat(first - starts, counts) + np.arange(counts.sum())
    columns = (bursts, np.repeat(requests.is_write, counts), np.repeat(requests.arrival_cycles, counts))
    outcome = oracle.simulate(spec, oracle.Stream(*(column.tolist() for column in columns)))
    for sent in (outcome.activates, outcome.accesses, outcome.hits):
        sent[:] = np.add.reduceat(np.array(sent), starts).tolist()
    return np.maximum.reduceat(np.array(outcome.done), starts).tolist(), outcome


def last_data(spec: DramSpec, sent: list[Sent]) -> int:
    """The cycle behind the data of the last write, 0 without one."""
    latency = spec.timing.AL + spec.timing.CWL + spec.organisation.burst_length // 2
    return max((command.cycle + latency for command in sent if command.command == WR), default=0)


def active_cycles(sent: list[Sent], end: int) -> int:
    """Cycles before `end` in which a rank has a row open, of all ranks."""
    active, since = 0, dict[tuple[int, ...], int]()
    opened: dict[tuple[int, ...], set[tuple[int, ...]]] = defaultdict(set)
    for command in sent:
        rank, bank = command[2:4], command[4:6]
        if command.command == ACT:
            since.setdefault(rank, command.cycle)
            opened[rank].add(bank)
        elif command.command == PRE:
            opened[rank].remove(bank)
            active += 0 if opened[rank] else command.cycle - since.pop(rank)
    return active + sum(end - begin for begin in since.values())


def assert_equal_to_oracle(spec: DramSpec, requests: Requests) -> None:
    done, expected = done_by_oracle(spec, requests)
    result, sent = run(spec, requests)
    assert result.completion_cycles.tolist() == done
    assert [(c.cycle, c.command, *c[2:]) for c in sent] == sorted(
        (c.cycle, int(c.command), c.channel, c.rank, max(0, c.group), max(0, c.bank), c.row) for c in expected.issued
    )
    assert result.counts.row_hits == expected.row_hits
    assert result.cycles == max([*done, last_data(spec, sent)])
    assert result.active_rank_cycles == active_cycles(sent, result.cycles)
    assert result.blocks.activates.tolist() == expected.activates
    assert result.blocks.accesses.tolist() == expected.accesses
    assert result.blocks.row_hits.tolist() == expected.hits
    assert_equal(simulate(spec, requests), result)


def assert_equal(unlogged: DramResult, logged: DramResult) -> None:
    """Where nobody asks for the commands, those that are alike are gone through at once."""
    assert unlogged.completion_cycles.tolist() == logged.completion_cycles.tolist()
    for name in ("activates", "accesses", "row_hits"):
        assert getattr(unlogged.blocks, name).tolist() == getattr(logged.blocks, name).tolist()
    assert unlogged.channels == logged.channels
    assert (unlogged.cycles, unlogged.active_rank_cycles) == (logged.cycles, logged.active_rank_cycles)
    assert (unlogged.sleeps, unlogged.sleep_cycles) == (logged.sleeps, logged.sleep_cycles)


@pytest.mark.parametrize("name", PRESETS)
@settings(max_examples=5, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    count=st.integers(1, 250),
    writes=st.sampled_from([0.0, 0.2, 0.5, 1.0]),
    spread=st.sampled_from([4, 64, 4096, 1 << 20]),
    pace=st.sampled_from([0.02, 0.3, 8.0]),
    width=st.sampled_from([1, 8]),
)
def test_every_request_is_answered_in_the_same_cycle(
    name: str, seed: int, count: int, writes: float, spread: int, pace: float, width: int
) -> None:
    spec = load_dram(name, [f"controller.requests_per_cycle={width}"])
    assert_equal_to_oracle(spec, random_stream(spec, seed, count, writes, spread, pace))


@pytest.mark.parametrize("name", PRESETS)
@settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 2**31), longest=st.sampled_from([20, 150]), writes=st.sampled_from([0.0, 0.3, 1.0]))
def test_so_is_every_run_of_bursts(name: str, seed: int, longest: int, writes: float) -> None:
    spec = load_dram(name)
    assert_equal_to_oracle(spec, runs_of_bursts(spec, seed, 6, longest, writes))


@pytest.mark.slow
@settings(max_examples=12, deadline=None)
@given(data=st.data(), name=st.sampled_from(PRESETS))
def test_so_it_is_for_drams_that_nobody_makes(data: st.DataObject, name: str) -> None:
    mutant = data.draw(mutants(load_dram(name)))
    seed, writes = data.draw(st.integers(0, 2**31)), data.draw(st.sampled_from([0.0, 0.3, 0.7]))
    assert_equal_to_oracle(mutant, random_stream(mutant, seed, 150, writes, 4096, 1.0))


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(data=st.data(), name=st.sampled_from(PRESETS))
def test_and_for_their_runs_of_bursts(data: st.DataObject, name: str) -> None:
    """Short rows and queues, so that a streak of row hits is often begun and ended."""
    mutant = data.draw(mutants(load_dram(name, ["organisation.columns=128"])))
    seed, writes = data.draw(st.integers(0, 2**31)), data.draw(st.sampled_from([0.0, 0.5, 1.0]))
    assert_equal_to_oracle(mutant, runs_of_bursts(mutant, seed, 8, 40, writes))


@st.composite
def mutants(draw: st.DrawFn, spec: DramSpec) -> DramSpec:
    """`spec` with other timings, another controller, organisation and mapping."""
    timing = spec.timing.model_dump()
    for key in draw(st.lists(st.sampled_from(CYCLES), max_size=5, unique=True)):
        timing[key] = max(1, timing[key] + draw(st.integers(-3, 12)))
    timing["tRCD"] = max(timing["tRCD"], timing["AL"])
    timing["tRAS"] = max(timing["tRAS"], timing["tRCD"])
    timing["tRC"] = timing["tRAS"] + timing["tRP"] + draw(st.integers(0, 4))
    timing["tCCD_S"] = max(timing["tCCD_S"], spec.organisation.burst_cycles)
    timing["CWL"] = min(timing["CWL"], timing["AL"] + timing["CL"])
    for short, long in (("tRRD_S", "tRRD_L"), ("tCCD_S", "tCCD_L"), ("tWTR_S", "tWTR_L"), ("tRRD_S", "tFAW")):
        timing[long] = max(timing[long], timing[short])
    timing["tREFI"] = draw(st.sampled_from([timing["tREFI"], max(2 * timing["tRFC"], 500)]))
    controller = {
        "read_queue": draw(st.integers(1, 32)),
        "write_queue": draw(st.integers(1, 32)),
        "command_queue": draw(st.integers(1, 8)),
        "drain_above": draw(st.integers(0, 8)),
        "row_hit_limit": draw(st.integers(1, 6)),
        "requests_per_cycle": draw(st.integers(1, 9)),
        "dual_command": draw(st.booleans()),
    }
    organisation = spec.organisation.model_dump() | {
        "channels": draw(st.sampled_from([1, 2, 4])),
        "ranks": draw(st.sampled_from([1, 2, 4])),
    }
    mapping = draw(
        st.sampled_from([spec.mapping, "".join(draw(st.permutations(["ro", "ra", "bg", "ba", "ch", "co"])))])
    )
    changed = {"timing": timing, "controller": controller, "organisation": organisation, "mapping": mapping}
    return DramSpec.model_validate(spec.model_dump() | {"energy": {"model": "per_bit", "pj_per_bit": 1.0}} | changed)


@pytest.mark.parametrize("name", ["ddr4_2400", "lpddr4_2400"])
@pytest.mark.parametrize("queues", [[], ["read_queue", "write_queue", "command_queue"]])
@pytest.mark.parametrize("back", [1, 2, 6, 20])
@pytest.mark.parametrize("writes_first", [False, True])
def test_what_a_long_run_has_on_its_way_is_known_burst_by_burst(
    name: str, queues: list[str], back: int, writes_first: bool
) -> None:
    """A second read begins `back` bursts before the end of a run of row hits, a third at its end: what waits is read
    once, and what was written just before comes from the write queue. queues: those that hold but one burst."""
    spec = load_dram(name, [f"controller.{queue}=1" for queue in queues])
    first, sizes = np.array([0, 100 - back, 100]), np.array([100, back + 30, 40])
    is_write, burst_bytes = np.array([writes_first, False, False]), spec.organisation.burst_bytes
    arrivals = np.array([0, 0, 0])
    addresses = first.astype(np.uint64) * np.uint64(burst_bytes)
    assert_equal_to_oracle(spec, Requests(addresses, sizes * burst_bytes, is_write, arrivals))


@pytest.mark.parametrize("name", ["ddr4_2400", "lpddr3_1600_x32_8gb"])
@pytest.mark.parametrize("begins", [0, 130, 5 * 128, 10 * 128])
@pytest.mark.parametrize("writes", [1, 7, 31])
@pytest.mark.parametrize("command_queue", [1, 8])
def test_writes_wait_while_a_long_run_is_read(name: str, begins: int, writes: int, command_queue: int) -> None:
    """From their own row on, from just behind them, from another row of one of their banks, from another bank; then two
    more writes and reads of what was written."""
    spec = load_dram(name, [f"controller.command_queue={command_queue}", "controller.drain_above=40"])
    first = np.array([4 * 128, 300, begins, 2, begins + 90, 4 * 128])
    sizes = np.array([writes, 1, 400, 2, 300, 40])
    is_write = np.array([True, True, False, True, False, False])
    addresses = first.astype(np.uint64) * np.uint64(spec.organisation.burst_bytes)
    arrivals = np.zeros_like(first)
    assert_equal_to_oracle(spec, Requests(addresses, sizes * spec.organisation.burst_bytes, is_write, arrivals))


@pytest.mark.parametrize("name", ["ddr4_2400", "hbm2"])
@pytest.mark.parametrize("writes", [8, 9, 20])
def test_a_drain_ends_where_an_older_read_must_come_first(name: str, writes: int) -> None:
    """A read and writes of its burst and of others come in at once: more than 8 writes are drained, but not before the
    read; another read comes 30 cycles later."""
    spec = load_dram(name, ["controller.requests_per_cycle=64"])
    bursts = np.array([0, *(128 * write for write in range(writes)), 5 * 128], np.uint64)
    arrivals = np.array([0] * (writes + 1) + [30])
    is_write = np.array([False] + [True] * writes + [False])
    burst_bytes = np.uint64(spec.organisation.burst_bytes)
    assert_equal_to_oracle(spec, Requests(bursts * burst_bytes, np.ones_like(arrivals), is_write, arrivals))


@pytest.mark.parametrize("name", ["ddr4_2400", "lpddr4_2400"])
@pytest.mark.parametrize("writes", [False, True])
def test_the_first_burst_of_all_goes_on_where_none_ended(name: str, writes: bool) -> None:
    """Six bursts of another row of its bank come in just before burst 0 and five more."""
    spec = load_dram(name)
    other_row = 1 << sum(segment.width for segment in spec.segments if segment.field != "ro")
    burst_bytes, zeros = spec.organisation.burst_bytes, np.zeros(2, np.int64)
    addresses = np.array([other_row, 0], np.uint64) * np.uint64(burst_bytes)
    assert_equal_to_oracle(spec, Requests(addresses, zeros + 6 * burst_bytes, np.full(2, writes), zeros))


@pytest.mark.parametrize("seed", [34, 37, 56])
def test_writes_of_many_banks_wait_for_the_last_read(seed: int) -> None:
    """No read waits any more when it is sent, but its data holds off the writes of all banks that have their turn."""
    spec, count, rng = load_dram("ddr4_2400"), 40, np.random.default_rng(seed)
    row = 1 << sum(segment.width for segment in spec.segments if segment.field != "ro")
    bursts = rng.integers(0, 3, count) * row + rng.integers(0, row, count)
    arrivals = np.sort(rng.integers(0, 200, count))
    addresses = bursts.astype(np.uint64) << np.uint64(spec.offset_bits)
    requests = Requests(addresses, np.ones(count, np.int64), np.arange(count) % 8 != 7, arrivals)
    result, _ = run(spec, requests)
    assert result.completion_cycles.tolist() == done_by_oracle(spec, requests)[0]
