"""Does any command stream break a timing constraint, and would we notice?"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifsim.config.dram import load_dram
from lifsim.hardware.dram.timing import CONSTRAINTS, Command, Scope
from lifsim.model.dram import DramSpec
from tests.dram.streams import random_stream, run
from tests.oracles.dram_checker import ACT, Sent, violations

PRESETS = ("ddr3_1866", "ddr3_1600", "ddr4_2400", "lpddr4_2400", "hbm2")
BINDING = "AL CL CWL tRCD tRP tRAS tRC tCCD_S tCCD_L tRRD_S tRRD_L tFAW tWR tWTR_S tWTR_L tRTP tRFC tREFI tRTRS tPPD"


@pytest.mark.parametrize("name", PRESETS)
@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 2**31), writes=st.sampled_from([0.0, 0.3, 0.8]), spread=st.sampled_from([8, 4096, 1 << 20]))
def test_no_stream_breaks_a_constraint(name: str, seed: int, writes: float, spread: int) -> None:
    spec = load_dram(name)
    _, sent = run(spec, random_stream(spec, seed, 250, writes, spread, 0.5))
    assert list(violations(spec, sent)) == []


def test_a_command_holds_off_no_others_than_the_kernel_looks_at() -> None:
    row, columns = {Command.ACTIVATE}, {Command.READ, Command.WRITE}
    closing = {Command.PRECHARGE}
    column = {Scope.SAME_BANK: closing, **dict.fromkeys((Scope.SAME_GROUP, Scope.SAME_RANK, Scope.OTHER_RANK), columns)}
    looked_at = {
        Command.ACTIVATE: {Scope.SAME_BANK: set(Command), Scope.SAME_GROUP: row, Scope.SAME_RANK: row},
        Command.PRECHARGE: {Scope.SAME_BANK: row, Scope.SAME_RANK: closing | {Command.REFRESH}},
        Command.REFRESH: {Scope.SAME_RANK: row | {Command.REFRESH}},
        Command.READ: column,
        Command.WRITE: column,
    }
    for rule in CONSTRAINTS:
        assert rule.later in looked_at[rule.earlier].get(rule.scope, ()), rule


@pytest.fixture(scope="module")
def tight() -> DramSpec:
    """A DDR4 in which every parameter binds somewhere (an odd tREFI, as half of it is the refresh interval)."""
    return load_dram("ddr4_2400", ["timing.tPPD=3", "timing.tRTRS=2", "timing.tREFI=901"])


@pytest.fixture(scope="module")
def streams(tight: DramSpec) -> list[list[Sent]]:
    """Reads alone and reads with writes, as fast as the controller takes them, and a trickle that leaves ranks idle."""
    settings = ((1500, 0.0, 8.0), (1500, 0.4, 8.0), (20, 0.4, 0.001))
    return [run(tight, random_stream(tight, 5, count, writes, 1 << 12, pace))[1] for count, writes, pace in settings]


def test_the_checker_is_content_with_them(tight: DramSpec, streams: list[list[Sent]]) -> None:
    assert [list(violations(tight, sent)) for sent in streams] == [[], [], []]


@pytest.mark.parametrize("parameter", BINDING.split())
def test_the_checker_fires_when_a_parameter_is_raised_by_one(
    tight: DramSpec, streams: list[list[Sent]], parameter: str
) -> None:
    raised = {parameter: getattr(tight.timing, parameter) + 1}
    slower = tight.model_copy(update={"timing": tight.timing.model_copy(update=raised)})
    assert any(next(violations(slower, sent), None) for sent in streams)


def test_the_checker_fires_when_an_activate_is_missing(tight: DramSpec, streams: list[list[Sent]]) -> None:
    first = next(index for index, command in enumerate(streams[0]) if command.command == ACT)
    assert next(violations(tight, streams[0][:first] + streams[0][first + 1 :]), None)
