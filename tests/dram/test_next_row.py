"""Does a streak of reads come from one row to the next at once as it does cycle by cycle?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lifsim.config.dram import load_dram
from lifsim.hardware.dram.requests import Requests
from lifsim.hardware.dram.simulate import simulate
from lifsim.hardware.dram.stream import DramStream
from lifsim.model.dram import DramSpec
from tests.dram.test_at_once import logged
from tests.dram.test_oracle import assert_equal, assert_equal_to_oracle

ROW = 128
"""Bursts of the devices here."""
DEVICES = ("lpddr3_1600_x32", "ddr3_1600", "ddr4_2400")


def bursts(spec: DramSpec, first: list[int], count: list[int], written: list[bool], arrive: list[int]) -> Requests:
    """Requests of whole bursts."""
    size = spec.organisation.burst_bytes
    given = (np.array(column) for column in (first, count, written, arrive))
    starts, counts, is_write, arrivals = given
    return Requests((starts * size).astype(np.uint64), counts * size, is_write, arrivals)


def in_rows(spec: DramSpec, rows: int) -> Requests:
    """So many rows, one behind the other, each in two blocks: the second one tells when its last hits went."""
    first = [row * ROW + place for row in range(rows) for place in (0, ROW - 20)]
    return bursts(spec, first, [ROW - 20, 20] * rows, [False] * 2 * rows, [0] * 2 * rows)


@pytest.mark.parametrize("name", DEVICES)
def test_as_the_oracle(name: str) -> None:
    spec = load_dram(name)
    assert_equal_to_oracle(spec, in_rows(spec, 4))


@pytest.mark.parametrize("name", DEVICES)
@pytest.mark.parametrize("refresh", range(900, 1000, 7))
def test_a_refresh_may_come_between(name: str, refresh: int) -> None:
    """In any cycle of what goes at once."""
    spec = load_dram(name, [f"timing.tREFI={refresh}"])
    assert_equal(simulate(spec, in_rows(spec, 20)), logged(spec, in_rows(spec, 20)))


@pytest.mark.parametrize("name", DEVICES)
@pytest.mark.parametrize("is_write", [False, True])
def test_a_refresh_closes_banks_that_took_turns(name: str, is_write: bool) -> None:
    """Each of them as long after its own last hit as it must: one holds off the next."""
    for refresh in range(1000, 1040):
        spec = load_dram(name, [f"timing.tREFI={refresh}", "timing.tRTP=25", "timing.tPPD=12"])
        requests = replace(in_rows(spec, 20), is_write=np.full(40, is_write))
        assert_equal(simulate(spec, requests), logged(spec, requests))


@pytest.mark.parametrize("name", DEVICES)
@pytest.mark.parametrize("open_after", range(6, 40))
def test_the_row_is_open_sooner_or_later(name: str, open_after: int) -> None:
    """Before its bank is full, while hits of the row before go on, or long after."""
    spec = load_dram(name, [f"timing.tRCD={open_after}", "timing.tRAS=60", "timing.tRC=80", "timing.tRTP=5"])
    assert_equal(simulate(spec, in_rows(spec, 8)), logged(spec, in_rows(spec, 8)))


@pytest.mark.parametrize("name", DEVICES)
@pytest.mark.parametrize("queue", range(1, 9))
@pytest.mark.parametrize("gap", [4, 5, 7, 12])
def test_banks_hold_few_commands(name: str, queue: int, gap: int) -> None:
    settings = [f"controller.command_queue={queue}", f"timing.tCCD_S={gap}", f"timing.tCCD_L={gap + 1}"]
    for reads in (9, 32):
        spec = load_dram(name, [*settings, f"controller.read_queue={reads}"])
        assert_equal(simulate(spec, in_rows(spec, 6)), logged(spec, in_rows(spec, 6)))


@pytest.mark.parametrize("name", DEVICES)
@pytest.mark.parametrize("behind", range(1, 48))
def test_the_block_ends_soon_in_the_row(name: str, behind: int) -> None:
    """And the next one goes on behind it, is written, or comes later."""
    spec = load_dram(name)
    for written, arrives in ((False, 0), (True, 0), (False, 600), (True, 600)):
        requests = bursts(spec, [0, ROW + behind], [ROW + behind, 2 * ROW], [False, written], [0, arrives])
        assert_equal(simulate(spec, requests), logged(spec, requests))


@pytest.mark.parametrize("name", DEVICES)
@pytest.mark.parametrize("place", [0, 1, 40, ROW - 1])
@pytest.mark.parametrize("rows", [0, 1, 8, 9])
def test_writes_wait_for_the_bank_of_the_next_row(name: str, place: int, rows: int) -> None:
    """Of that row, or of another one, or for the bank of the row before; they have their turn afterwards."""
    spec = load_dram(name)
    requests = bursts(spec, [rows * ROW + place, 0, 0], [3, 4 * ROW, 8], [True, False, True], [0, 40, 3000])
    assert_equal(simulate(spec, requests), logged(spec, requests))


@pytest.mark.parametrize("name", DEVICES)
@pytest.mark.parametrize("before", [1, 9, 17])
def test_another_row_of_the_bank_is_open(name: str, before: int) -> None:
    """Or of a bank beside it."""
    spec = load_dram(name)
    requests = bursts(spec, [before * ROW, 0], [2, 4 * ROW], [False, False], [0, 100])
    assert_equal(simulate(spec, requests), logged(spec, requests))


@pytest.mark.parametrize("name", DEVICES)
@pytest.mark.parametrize("first", range(ROW - 12, ROW + 24))
def test_the_run_stops_with_an_answer_between(name: str, first: int) -> None:
    """That of a block which ends with its row, or soon before or behind it."""
    spec = load_dram(name)
    requests = bursts(spec, [0, first, 3 * ROW], [first, 3 * ROW - first, 2 * ROW], [False] * 3, [0] * 3)
    fast, slow = DramStream(spec), DramStream(spec, log_capacity=1 << 14)
    for stream in (fast, slow):
        stream.submit(requests)
    for block in range(3):
        assert fast.run_until_answered(block) == slow.run_until_answered(block)
        assert fast.cycle == slow.cycle
    assert_equal(fast.finish(), slow.finish())


@pytest.mark.parametrize("settings", [[], ["organisation.ranks=2", "mapping=robarabgchco"], ["mapping=robabgrachco"]])
def test_the_next_row_lies_in_another_rank(settings: list[str]) -> None:
    spec = load_dram("ddr3_1600", settings)
    assert_equal(simulate(spec, in_rows(spec, 8)), logged(spec, in_rows(spec, 8)))
