"""Is a DRAM that cannot be refused, with every reason?"""

from __future__ import annotations

import pytest

from lifsim.config.dram import load_dram
from lifsim.config.resolve import available
from lifsim.errors import InputError
from lifsim.hardware.dram.timing import CONSTRAINTS, Command, Scope
from lifsim.model.dram_mapping import mapping_faults, parse_mapping


@pytest.mark.parametrize("name", available("dram"))
def test_every_shipped_dram_is_valid_and_says_its_source(name: str) -> None:
    spec = load_dram(name)
    assert "DRAMsim3" in spec.source
    assert spec.notes
    assert sum(segment.width for segment in spec.segments) + spec.offset_bits == (
        spec.organisation.capacity_bytes.bit_length() - 1
    )


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        ("timing.tRAS=10", "timing.tRAS: 10 must be >= tRCD = 17"),
        ("timing.tRC=40", "timing.tRC: 40 must be >= tRAS + tRP = 56"),
        ("timing.tREFI=420", "timing.tREFI: 420 must be > tRFC = 420"),
        ("timing.tREFI=563", "timing.tREFI: 563 must be >= 564: tRFC = 420, and 144 to close rows before it"),
        ("timing.tCCD_L=3", "timing.tCCD_L: 3 must be >= tCCD_S = 4"),
        ("timing.tCCD_S=3", "timing.tCCD_S: 3 must be >= 4, the cycles of a burst of 8: two words a cycle"),
        ("timing.tCK_ns=-1", "timing.tCK_ns: -1 must be >= 0.1"),
        ("organisation.channels=0", "organisation.channels: 0 must be from 1"),
        ("organisation.bus_bits=12", "organisation.bus_bits: 12 must be a power of two"),
        ("organisation.columns=4", "organisation.columns: 4 must be at least one burst of 8"),
        ("organisation.ranks=4096", "banks in all must be <= 2048"),
        ("mapping=rochraba", "mapping: 'rochraba' must name the bank group (bg) once, names it 0 times"),
        ("mapping=rochrarochbabgco", "must name the row (ro) once, names it 2 times"),
        ("mapping='offset[5:0] co[12:6] bg[13:13] ba[15:14] ro[31:16]'", "ra must have 1 bit"),
        ("mapping='offset[5:0] co[12:6] bg[14:14] ba[16:15] ra[17:17] ro[33:18]'", "must start at bit 13"),
        ("controller.read_queue=0", "controller.read_queue: 0 must be >= 1"),
        ("energy.IDD4R=1.0", "energy.IDD4R: 1.0 must be >= IDD3N"),
        ("energy.IDD0=1.0", "energy.IDD0: 1.0 must be >= what an open and a precharged device draw"),
        ("timing.tRCDD=3", "did you mean 'tRCD'?"),
    ],
)
def test_what_no_dram_could_be_is_refused_with_the_reason(setting: str, reason: str) -> None:
    with pytest.raises(InputError) as caught:
        load_dram("ddr4_2400", [setting])
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("name", "interval_us"),
    [("ddr3_1600", 7.8), ("ddr3_1866", 7.8), ("ddr4_2400", 7.8), ("lpddr4_2400", 3.9), ("hbm2", 3.9)],
)
def test_shipped_devices_refresh_as_often_as_their_standards_ask(name: str, interval_us: float) -> None:
    timing = load_dram(name).timing
    assert timing.tREFI * timing.tCK_ns / 1e3 == pytest.approx(interval_us, rel=5e-3)


def test_a_device_of_four_words_a_cycle_is_refused_with_the_reason() -> None:
    """GDDR5: a burst of 8 takes 2 cycles there, 4 here; its bandwidth would be halved in silence."""
    settings = ["timing.tCCD_S=2", "timing.tCCD_L=3", "organisation.device_bits=32", "organisation.bus_bits=128"]
    with pytest.raises(InputError, match=r"timing.tCCD_S: 2 must be >= 4, .* GDDR5 and later.* are not modelled"):
        load_dram("ddr4_2400", settings)


def test_banks_and_cycles_that_no_key_holds_are_refused_with_the_reason() -> None:
    """A bank's turn and the cycle of its next command are one number."""
    settings = ["organisation.ranks=256", "timing.tRFC=200000", "timing.tREFI=1048576"]
    reason = r"organisation: 2048 banks a channel must be < 891, or the cycles of `timing` fewer"
    with pytest.raises(InputError, match=reason):
        load_dram("ddr4_2400", settings)
    assert load_dram("ddr4_2400", ["organisation.ranks=256", "timing.tREFI=1048576"]).organisation.ranks == 256


def test_all_faults_come_at_once() -> None:
    settings = ["timing.tRAS=10", "organisation.channels=0", "organisation.bus_bits=12", "energy.IDD4W=0.0"]
    with pytest.raises(InputError) as caught:
        load_dram("ddr4_2400", settings)
    found = {fault.path for fault in caught.value.faults}
    assert {"timing.tRAS", "organisation.channels", "organisation.bus_bits", "energy.IDD4W"} <= found


def test_both_forms_of_a_mapping_mean_the_same() -> None:
    organisation = load_dram("ddr4_2400").organisation
    text = "offset[5:0] co[12:6] bg[13:13] ba[15:14] ra[16:16] ro[32:17]"
    assert parse_mapping(text, organisation.field_bits, 6) == parse_mapping("rochrababgco", organisation.field_bits, 6)


def test_a_field_may_come_in_several_segments() -> None:
    bits = load_dram("ddr4_2400").organisation.field_bits
    text = "co[7:6] bg[8:8] ba[10:9] co[15:11] ra[16:16] ro[32:17]"
    assert mapping_faults(text, bits, 6) == []
    segments = [
        (segment.field, segment.low, segment.width, segment.position) for segment in parse_mapping(text, bits, 6)
    ]
    assert segments[0] == ("co", 6, 2, 0)
    assert segments[3] == ("co", 11, 5, 2)


def test_each_constraint_stands_once_and_a_wider_scope_never_waits_longer() -> None:
    places = [(rule.earlier, rule.later, rule.scope) for rule in CONSTRAINTS]
    assert len(set(places)) == len(places)
    for name in available("dram"):
        spec = load_dram(name)
        gaps = {(rule.scope, rule.earlier, rule.later): rule.cycles(spec) for rule in CONSTRAINTS}
        for command in (Command.READ, Command.WRITE, Command.ACTIVATE):
            assert gaps[Scope.SAME_GROUP, command, command] >= gaps[Scope.SAME_RANK, command, command]
