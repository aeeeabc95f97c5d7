"""Is the one LPDDR3 device what DRAMsim3 makes of it, and what its data sheet says?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lifsim.config.arch import load_arch
from lifsim.config.dram import load_dram
from lifsim.config.resolve import available
from lifsim.errors import InputError
from lifsim.hardware.dram.counts import DramWork
from lifsim.hardware.dram.energy import energy_pj
from lifsim.hardware.dram.simulate import simulate
from lifsim.interchange.dram_trace import read_dram_trace
from lifsim.report.validation.comparison import csv_rows
from lifsim.report.validation.lpddr3 import ALWAYS_AWAKE, DEVICE
from lifsim.report.validation.streams import named_stream
from tests.conftest import FIGURES

ROWS = list(csv_rows(FIGURES / "dramsim3_lpddr3_x32.csv"))
COUNTS = ("acts", "pres", "reads", "writes", "refs")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["pattern"])
def test_cycles_and_commands_are_equal_to_dramsim3s_and_energies_near(row: dict[str, str]) -> None:
    result = simulate(load_dram(DEVICE, ALWAYS_AWAKE), named_stream(row["pattern"]))
    assert len(result.completion_cycles) == int(row["n_requests"])
    assert result.cycles == int(row["completion_cycles"])
    assert {count: getattr(result.counts, count) for count in COUNTS} == {count: int(row[count]) for count in COUNTS}
    # DRAMsim3 counts one cycle more, behind the last.
    assert result.active_rank_cycles == int(row["active_cycles"]) - 1
    assert result.cycles - result.active_rank_cycles == int(row["idle_cycles"])
    energies = {"activate": "act", "read": "read", "write": "write", "refresh": "ref"}
    for cause, column in energies.items():
        assert getattr(result.energy, cause) == pytest.approx(float(row[f"{column}_energy_pj"]), rel=1e-6)
    assert result.background.active_standby == pytest.approx(float(row["active_standby_pj"]), rel=1e-3)
    assert result.background.precharge_standby == pytest.approx(float(row["precharged_standby_pj"]), rel=1e-5)


@pytest.mark.parametrize("pattern", [row["pattern"] for row in ROWS])
def test_every_stream_is_the_one_that_dramsim3_was_given(reference: Path, pattern: str) -> None:
    name = pattern if pattern.endswith("g64") else f"{pattern}_g64"
    theirs, mine = read_dram_trace(reference / "dram_traces" / f"{name}.trc.xz"), named_stream(pattern)
    assert np.array_equal(mine.addresses, theirs.addresses)
    assert np.array_equal(mine.is_write, theirs.is_write)
    assert np.array_equal(mine.arrival_cycles, theirs.cycles)


@pytest.mark.parametrize("name", ["a_seq1M", "g_gapk", "z_none_g64"])
def test_a_stream_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="must be a stream of requests, such as"):
        named_stream(name)


def test_the_shipped_device_is_one_4_gb_die_on_two_supplies() -> None:
    """Micron EDF8132A1MC, as gem5's LPDDR3_1600_1x32 states it; mA of VDD1, of VDD2."""
    spec = load_dram("lpddr3_1600_x32")
    organisation, timing, energy = spec.organisation, spec.timing, spec.energy.model_dump()
    assert (organisation.capacity_bytes, organisation.rows, organisation.ranks) == (512 << 20, 16384, 1)
    assert (organisation.burst_bytes, organisation.devices_per_rank) == (32, 1)
    nanoseconds = {"tRFC": 130, "tREFI": 3900, "tXP": 7.5, "tXS": 140}
    for key, value in nanoseconds.items():
        assert getattr(timing, key) * timing.tCK_ns == pytest.approx(value)
    assert [supply["VDD"] for supply in energy["supplies"]] == [1.8, 1.2]
    currents = {
        "IDD0": (8, 60), "IDD2N": (0.8, 26), "IDD3N": (2, 34), "IDD4R": (2, 230), "IDD4W": (2, 190),
        "IDD5AB": (28, 150), "IDD2P": (0.8, 1.8), "IDD3P": (1.4, 11), "IDD6": (0.5, 1.8),
    }  # fmt: skip
    assert {key: tuple(supply[key] for supply in energy["supplies"]) for key in currents} == currents


def test_the_8_gb_device_differs_from_it_in_what_the_reference_says() -> None:
    small, large = load_dram("lpddr3_1600_x32"), load_dram(DEVICE)
    assert large.organisation.capacity_bytes == 1 << 30
    different = {key for key, value in small.timing if getattr(large.timing, key) != value}
    assert different == {"tRFC", "tXS"}
    assert (large.timing.tRFC, large.timing.tXS) == (168, 176)
    assert not large.controller.sleeps


def test_every_supply_pays() -> None:
    """A read burst: (1.8 V x (2 - 2) + 1.2 V x (230 - 34)) mA x 4 cycles x 1.25 ns; an activate likewise."""
    result = simulate(load_dram("lpddr3_1600_x32"), named_stream("c_stride4K_g64"))
    counts, energy = result.counts, result.energy
    assert energy.read / counts.reads == pytest.approx(1.2 * (230 - 34) * 4 * 1.25)
    row = 1.8 * (8 * 49 - 2 * 34 - 0.8 * 15) + 1.2 * (60 * 49 - 34 * 34 - 26 * 15)
    assert energy.activate / counts.acts == pytest.approx(row * 1.25)
    assert energy.refresh / counts.refs == pytest.approx((1.8 * (28 - 2) + 1.2 * (150 - 34)) * 104 * 1.25)


@pytest.mark.parametrize("name", [name for name in available("arch") if "satasim" not in name])
def test_the_price_a_bit_is_near_what_a_read_burst_costs(name: str) -> None:
    """Where no device is simulated, one of CACTI's with as many pins is charged."""
    spec, work = load_dram("lpddr3_1600_x32"), DramWork(0, 1, 0, 0, 0, 0, 0)
    bits = 8 * spec.organisation.burst_bytes
    assert load_arch(name).dram.energy_pj_per_bit == pytest.approx(energy_pj(spec, work).read / bits, rel=0.15)


SUPPLY = "{name: VDD2, VDD: 1.2, IDD0: 60, IDD2N: 26, IDD3N: 34, IDD4R: 230, IDD4W: 190, IDD5AB: 150}"


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        ("energy.supplies.VDD1.IDD4R=1", "energy.supplies.VDD1.IDD4R: 1.0 must be >= IDD3N = 2.0"),
        (
            "energy.supplies.VDD2.IDD0=10",
            "energy.supplies.VDD2.IDD0: 10.0 must be >= what an open and a",
        ),
        ("energy.supplies.VDD2.name=VDD1", "energy.supplies.1.name: 'VDD1' must be given once, is supplies.0 too"),
        ("energy.supplies=[]", "energy.supplies: an empty list must have at least 1 entry"),
        ("energy.source=null", "energy.source"),
        (f"energy.supplies=[{SUPPLY}]", "energy.IDD2P"),
    ],
)
def test_a_supply_that_cannot_be_is_refused_where_it_stands(setting: str, reason: str) -> None:
    with pytest.raises(InputError) as caught:
        load_dram("lpddr3_1600_x32", [setting])
    assert reason in str(caught.value)
