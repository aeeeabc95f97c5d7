"""Are the refreshes of a long rest, counted at once, those that the controller sends one by one?"""

from __future__ import annotations

import numpy as np
import pytest

from lifsim.config.dram import load_dram
from lifsim.errors import InputError
from lifsim.hardware.dram.requests import Requests
from lifsim.hardware.dram.stream import DramStream
from tests.dram.states import state_of
from tests.dram.streams import random_stream

DEVICES = {
    "ddr4_2400": [],
    "lpddr4_2400": [],
    "hbm2": [],
    "four ranks": ["ddr3_1866", "organisation.ranks=4", "mapping=rochrababgco"],
    "close refreshes": ["ddr3_1866", "organisation.ranks=2", "timing.tREFI=900", "timing.tRFC=399"],
}


def _with_rests(seed: int, requests: Requests, interval: int) -> Requests:
    """`requests` with pauses of up to forty refresh intervals before one in ten of them."""
    rng = np.random.default_rng(seed)
    pauses = rng.integers(0, 40 * interval, len(requests.addresses)) * (rng.random(len(requests.addresses)) < 0.1)
    arrivals = requests.arrival_cycles + np.cumsum(pauses)
    return Requests(requests.addresses, requests.sizes_bytes, requests.is_write, arrivals)


@pytest.mark.parametrize("writes", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("name", DEVICES)
def test_a_rest_leaves_the_dram_as_if_it_had_been_played(name: str, writes: float) -> None:
    given = DEVICES[name]
    spec = load_dram(given[0] if given else name, given[1:])
    for seed in range(2):
        requests = _with_rests(seed, random_stream(spec, seed, 120, writes, 4096, 0.3), spec.timing.tREFI)
        at_once, played = DramStream(spec), DramStream(spec, log_capacity=500_000)
        for stream in (at_once, played):
            stream.submit(requests)
            stream.run_until(int(requests.arrival_cycles[60]))
            stream.run_until(int(requests.arrival_cycles[60]) + 17 * spec.timing.tREFI)
        assert state_of(at_once) == state_of(played)
        for stream in (at_once, played):
            stream.finish()
        assert at_once.result == played.result
        for stream in (at_once, played):
            stream.run_until(stream.cycle + 50 * spec.timing.tREFI + seed)
        assert len(played.commands) < 500_000
        assert state_of(at_once) == state_of(played)
        assert (at_once.records[2] == played.records[2]).all()


def test_a_rest_of_hours_takes_no_time() -> None:
    spec = load_dram("ddr4_2400")
    stream = DramStream(spec)
    last = 1 << 40
    arrivals = np.array([0, last], np.int64)
    stream.submit(Requests(np.zeros(2, np.uint64), np.ones(2, np.int64), np.zeros(2, np.bool_), arrivals))
    result = stream.finish()
    ranks = spec.organisation.ranks
    assert result.counts.refs == last // (spec.timing.tREFI // ranks)
    assert result.cycles > last


@pytest.mark.parametrize("ranks", [1, 2, 4])
@pytest.mark.parametrize("name", ["ddr3_1866", "ddr4_2400", "lpddr4_2400", "hbm2"])
def test_the_closest_refreshes_that_are_accepted_let_everything_be_answered(name: str, ranks: int) -> None:
    given = [f"organisation.ranks={ranks}", "mapping=rochrababgco"]
    spec = load_dram(name, given)
    least = spec.timing.tRFC + 2 * spec.row_cycles + spec.organisation.banks_per_rank
    with pytest.raises(InputError, match=f"{least - 1} must be >= {least}"):
        load_dram(name, [*given, f"timing.tREFI={least - 1}"])
    busy = load_dram(name, [*given, f"timing.tREFI={least}"])
    for writes in (0.0, 0.5, 1.0):
        requests = random_stream(busy, 3, 200, writes, 4096, 1.0)
        stream = DramStream(busy)
        stream.submit(requests)
        stream.run_until(400 * busy.timing.tREFI)
        assert stream.records[2]["remaining"].sum() == 0


@pytest.mark.parametrize("sleeps", [False, True])
def test_what_comes_after_a_rest_of_hours_is_answered_as_after_a_short_one(sleeps: bool) -> None:
    """Keys count cycles from a refresh that is not long ago."""
    after = ["controller.power_down_after_cycles=64", "controller.self_refresh_after_cycles=2000"]
    spec = load_dram("lpddr3_1600_x32" if sleeps else "hbm2", after if sleeps else [])
    waited = []
    for intervals in (50, 10**6, 10**6 + 5, 123_457, 777_777, 3_141_593, 5_000_011):
        requests = random_stream(spec, 5, 400, 0.3, 4096, 1.0)
        later = np.arange(400) >= 100
        requests.arrival_cycles[later] += intervals * spec.timing.tREFI
        stream = DramStream(spec)
        stream.submit(requests)
        waited.append(stream.finish().completion_cycles - requests.arrival_cycles)
    assert (np.array(waited) == waited[0]).all()
