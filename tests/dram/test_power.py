"""Do ranks sleep, wake and pay as in the oracle that walks every cycle?"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifsim.config.dram import load_dram
from lifsim.hardware.dram.requests import Requests
from lifsim.hardware.dram.result import DramResult
from lifsim.hardware.dram.simulate import simulate
from lifsim.hardware.dram.stream import DramStream
from lifsim.model.dram import DramSpec
from lifsim.model.dram_energy import PerBitEnergy
from tests.dram.states import state_of
from tests.dram.streams import random_stream, runs_of_bursts
from tests.dram.test_oracle import mutants
from tests.oracles import dram as places
from tests.oracles import dram_power as oracle

DOWN, REFRESH = "controller.power_down_after_cycles", "controller.self_refresh_after_cycles"
SETTINGS = [
    (0, "off"),
    (3, "off"),
    (64, "off"),
    ("off", 40),
    ("off", 700),
    (5, 90),
    (200, 4000),
    (30, 30),
    (50, 20),
    (0, 0),
]
PRESETS = ("lpddr3_1600_x32", "ddr3_1866", "ddr4_2400", "lpddr4_2400", "hbm2")


def device(name: str, down: object, refresh: object, *given: str) -> DramSpec:
    return load_dram(name, [f"{DOWN}={down}", f"{REFRESH}={refresh}", *given])


def with_rests(requests: Requests, seed: int, longest: int, share: float) -> Requests:
    """Pauses of up to `longest` cycles before a `share` of the requests."""
    rng, count = np.random.default_rng(seed), len(requests.addresses)
    pauses = rng.integers(0, longest, count) * (rng.random(count) < share)
    arrivals = requests.arrival_cycles + np.cumsum(pauses)
    return Requests(requests.addresses, requests.sizes_bytes, requests.is_write, arrivals)


def oracle_device(spec: DramSpec) -> oracle.Device:
    """The figures of `spec` in the oracle's words."""
    assert not isinstance(spec.energy, PerBitEnergy)
    timing = spec.timing.model_dump(exclude={"tCK_ns"})
    timing["tRCDWR"], timing["tCKESR"] = spec.timing.activate_to_write_cycles, spec.timing.self_refresh_least_cycles
    controller = {key: oracle.NEVER if value == "off" else value for key, value in spec.controller.model_dump().items()}
    organisation = spec.organisation
    return oracle.Device(
        organisation.channels,
        organisation.ranks,
        organisation.bank_groups,
        organisation.banks_per_group,
        organisation.burst_cycles,
        organisation.devices_per_rank,
        {key: value or 0 for key, value in timing.items()},
        spec.timing.tCK_ns,
        controller,
        [supply.model_dump(exclude={"name", "model", "borrowed_from"}) for supply in spec.energy.supplies],
    )


def played(spec: DramSpec, requests: Requests) -> tuple[list[int], oracle.Outcome]:
    """The cycle in which the last burst of each request is answered, and all that came of it."""
    first = requests.addresses.astype(np.int64) >> spec.offset_bits
    counts = (requests.addresses.astype(np.int64) + requests.sizes_bytes - 1 >> spec.offset_bits) - first + 1
    starts = np.cumsum(counts) - counts
    bursts = np.repeat(first - starts, counts) + np.arange(counts.sum())
    asked = []
    for burst, write, arrival in zip(
        bursts.tolist(), np.repeat(requests.is_write, counts), np.repeat(requests.arrival_cycles, counts), strict=True
    ):
        place = places.place_of(spec, burst)
        bank = (place.rank, place.group, place.bank)
        asked.append(oracle.Request(burst, bool(write), int(arrival), place.channel, bank, place.row))
    outcome = oracle.simulate(oracle_device(spec), asked)
    return np.maximum.reduceat(np.array(outcome.done), starts).tolist(), outcome


def figures(result: DramResult) -> dict[str, Any]:
    """In the oracle's words."""
    counts, work = result.counts, result.work
    return {
        "cycles": result.cycles,
        "ACT": counts.acts,
        "PRE": counts.pres,
        "RD": counts.reads,
        "WR": counts.writes,
        "REF": counts.refs,
        "active": work.active_power_downs,
        "precharge": work.precharge_power_downs,
        "self-refresh": work.self_refreshes,
        "active awake": work.active_standby_rank_cycles,
        "precharge awake": work.precharge_standby_rank_cycles,
        "active power-down": work.active_power_down_rank_cycles,
        "precharge power-down": work.precharge_power_down_rank_cycles,
        "self-refresh cycles": work.self_refresh_rank_cycles,
    }


def assert_equal_to_oracle(spec: DramSpec, requests: Requests) -> DramResult:
    done, outcome = played(spec, requests)
    result = simulate(spec, requests)
    assert result.completion_cycles.tolist() == done
    rank_cycles = {**outcome.rank_cycles}
    rank_cycles["self-refresh cycles"] = rank_cycles.pop("self-refresh", 0)
    found = {"cycles": outcome.cycles, **outcome.commands, **outcome.entries, **rank_cycles}
    expected = figures(result)
    assert {key: found.get(key, 0) for key in expected} == expected
    assert set(found) <= set(expected)
    assert result.energy.total == pytest.approx(outcome.energy_pj, rel=1e-12)
    return result


@pytest.mark.parametrize("name", PRESETS)
@settings(max_examples=8, deadline=None)
@given(
    setting=st.sampled_from(SETTINGS),
    seed=st.integers(0, 2**31),
    count=st.integers(1, 40),
    writes=st.sampled_from([0.0, 0.3, 1.0]),
    spread=st.sampled_from([4, 4096, 1 << 20]),
    longest=st.sampled_from([60, 400, 5000]),
    share=st.sampled_from([0.1, 0.5]),
)
def test_every_state_lasts_as_long_as_in_the_oracle(
    name: str,
    setting: tuple[object, object],
    seed: int,
    count: int,
    writes: float,
    spread: int,
    longest: int,
    share: float,
) -> None:
    spec = device(name, *setting)
    requests = random_stream(spec, seed, count, writes, spread, 0.5)
    assert_equal_to_oracle(spec, with_rests(requests, seed, longest, share))


@pytest.mark.parametrize("name", PRESETS)
@settings(max_examples=5, deadline=None)
@given(setting=st.sampled_from(SETTINGS), seed=st.integers(0, 2**31), writes=st.sampled_from([0.0, 0.3, 1.0]))
def test_so_it_does_around_runs_of_row_hits(
    name: str, setting: tuple[object, object], seed: int, writes: float
) -> None:
    spec = device(name, *setting)
    assert_equal_to_oracle(spec, with_rests(runs_of_bursts(spec, seed, 6, 60, writes), seed, 3000, 0.5))


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(data=st.data(), name=st.sampled_from(PRESETS))
def test_so_it_does_in_drams_that_nobody_makes(data: st.DataObject, name: str) -> None:
    mutant = data.draw(mutants(load_dram(name)))
    sleep = {key: data.draw(st.integers(1, 30)) for key in ("tCKE", "tCKESR", "tXP", "tXS")}
    down, refresh = data.draw(st.sampled_from(SETTINGS))
    spec = DramSpec.model_validate(
        mutant.model_dump()
        | {"timing": mutant.timing.model_dump() | sleep}
        | {"controller": mutant.controller.model_dump() | {DOWN[11:]: down, REFRESH[11:]: refresh}}
        | {"energy": load_dram(name).energy.model_dump()}
    )
    seed, writes = data.draw(st.integers(0, 2**31)), data.draw(st.sampled_from([0.0, 0.3, 1.0]))
    longest = data.draw(st.sampled_from([50, 500, 5000]))
    assert_equal_to_oracle(spec, with_rests(random_stream(spec, seed, 40, writes, 4096, 0.5), seed, longest, 0.3))


SLOW = ("timing.tCKE=90", "timing.tCKESR=120", "timing.tXP=5", "timing.tXS=40")


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("name", ["lpddr3_1600_x32", "ddr4_2400"])
def test_so_it_does_where_clock_enables_are_slow(name: str, setting: tuple[object, object]) -> None:
    """Ranks are wanted while they have hardly fallen asleep, and have hardly woken when they may sleep again."""
    spec = device(name, *setting, *SLOW)
    for seed in range(3):
        requests = random_stream(spec, seed, 30, 0.3, 4096, 0.5)
        assert_equal_to_oracle(spec, with_rests(requests, seed, 400, 0.5))


def test_every_state_occurs() -> None:
    """Reads with rests on two ranks: some short, some of many refreshes."""
    spec = device("ddr4_2400", 50, 60_000)
    requests = random_stream(spec, 3, 60, 0.3, 4096, 0.5)
    work = assert_equal_to_oracle(spec, with_rests(requests, 3, 80_000, 0.1)).work
    assert min(work.active_power_downs, work.precharge_power_downs, work.self_refreshes) > 0
    assert work.active_power_down_rank_cycles + work.precharge_power_down_rank_cycles > work.active_standby_rank_cycles


def test_power_down_by_hand() -> None:
    """One read, 1000 cycles, another of the same row: 100 cycles behind the first RD the rank is in power-down, woken
    when the other could be sent; tXP = 6 later it is."""
    spec = device("lpddr3_1600_x32", 100, "off")
    addresses, arrivals = np.array([0, 32], np.uint64), np.array([0, 1000], np.int64)
    result = simulate(spec, Requests(addresses, np.ones(2, np.int64), np.zeros(2, np.bool_), arrivals))
    awake = simulate(
        device("lpddr3_1600_x32", "off", "off"),
        Requests(addresses, np.ones(2, np.int64), np.zeros(2, np.bool_), arrivals),
    )
    assert result.completion_cycles.tolist() == [awake.completion_cycles[0], awake.completion_cycles[1] + 6]
    work = result.work
    assert (work.active_power_downs, work.precharge_power_downs, work.self_refreshes) == (1, 0, 0)
    read_sent = int(result.completion_cycles[0]) - 16
    wanted = int(awake.completion_cycles[1]) - 16
    assert work.active_power_down_rank_cycles == wanted - (read_sent + 1 + 100)
    saved = work.active_power_down_rank_cycles * 1.25 * (1.8 * (2 - 1.4) + 1.2 * (34 - 11))
    longer = 6 * 1.25 * (1.8 * 2 + 1.2 * 34)
    assert awake.energy.total - result.energy.total == pytest.approx(saved - longer)


REST = {
    "lpddr3": ("lpddr3_1600_x32",),
    "two ranks": ("ddr4_2400",),
    "four ranks": ("ddr3_1866", "organisation.ranks=4", "mapping=rochrababgco"),
    "eight channels": ("hbm2",),
    "close refreshes": ("ddr3_1866", "timing.tREFI=900", "timing.tRFC=399"),
    "slow to wake": ("ddr4_2400", "timing.tXP=100", "timing.tCKE=150"),
}


RESTING = [(64, "off"), (0, "off"), (20_000, "off"), ("off", 30_000), (64, 30_000), (64, 500)]


@pytest.mark.parametrize("setting", RESTING)
@pytest.mark.parametrize("name", REST)
def test_a_rest_leaves_sleeping_ranks_as_if_it_had_been_played(name: str, setting: tuple[object, object]) -> None:
    spec = device(REST[name][0], *setting, *REST[name][1:])
    for seed in range(2):
        requests = with_rests(random_stream(spec, seed, 60, 0.3, 4096, 0.3), seed, 30 * spec.timing.tREFI, 0.1)
        at_once, one_by_one = DramStream(spec), DramStream(spec, log_capacity=500_000)
        for stream in (at_once, one_by_one):
            stream.submit(requests)
            stream.run_until(int(requests.arrival_cycles[30]) + 17 * spec.timing.tREFI)
        assert state_of(at_once) == state_of(one_by_one)
        for stream in (at_once, one_by_one):
            stream.finish()
        assert at_once.result == one_by_one.result
        for stream in (at_once, one_by_one):
            stream.run_until(stream.cycle + 50 * spec.timing.tREFI + seed)
        assert state_of(at_once) == state_of(one_by_one)
        assert len(one_by_one.commands) < 500_000


@pytest.mark.parametrize("setting", [(64, "off"), ("off", 5000), (64, 5000), (64, 1 << 39)])
def test_a_rest_of_hours_takes_no_time(setting: tuple[object, object]) -> None:
    spec = device("lpddr3_1600_x32", *setting)
    arrivals = np.array([0, 1 << 40], np.int64)
    requests = Requests(np.zeros(2, np.uint64), np.ones(2, np.int64), np.zeros(2, np.bool_), arrivals)
    result = simulate(spec, requests)
    work = result.work
    asleep = work.precharge_power_down_rank_cycles + work.self_refresh_rank_cycles
    if setting == ("off", 5000):
        assert asleep > result.cycles - 10_000
    assert asleep > 0.9 * result.cycles
    assert work.active_rank_cycles + work.idle_rank_cycles == result.cycles


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ([f"{DOWN}=-1"], f"{DOWN}: -1 must be a whole number of cycles from 0 to"),
        ([f"{DOWN}=1.5"], f"{DOWN}: 1.5 must be a whole number of cycles from 0 to"),
        ([f"{REFRESH}=never"], "'never' must be a whole number of cycles from 0 to"),
        ([f"{REFRESH}=100"], f"{REFRESH}: 100 must be off: LPDDR3-1600, one 8 Gb x32 device has no energy.IDD6"),
        ([f"{DOWN}=100", "timing.tXP=null", "energy.IDD2P=null"], "has no timing.tXP, energy.IDD2P"),
        (["energy.IDD3P=30.0"], "energy.IDD3P: 30.0 must be <= IDD3N = 21.0"),
    ],
)
def test_what_is_not_known_asleep_is_not_put_to_sleep(settings: list[str], reason: str) -> None:
    from lifsim.errors import InputError

    with pytest.raises(InputError) as caught:
        load_dram("lpddr3_1600_x32_8gb", settings)
    assert reason in str(caught.value)
