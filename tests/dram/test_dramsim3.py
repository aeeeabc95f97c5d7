"""Does the DRAM take as long, send as many commands and burn as much as DRAMsim3's?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lifsim.config.dram import load_dram
from lifsim.errors import InputError
from lifsim.hardware.dram.simulate import simulate
from lifsim.interchange.dram_trace import read_dram_trace
from lifsim.report.validation.comparison import csv_rows
from lifsim.report.validation.dramsim3 import as_dramsim3
from lifsim.report.validation.streams import PATTERNS, WIDE, stream
from tests.conftest import FIGURES

NAMES = {
    "DDR3_8Gb_x16_1866": "ddr3_1866",
    "DDR4_8Gb_x16_2400": "ddr4_2400",
    "LPDDR4_8Gb_x16_2400": "lpddr4_2400",
    "HBM2_8Gb_x128": "hbm2",
}
LOOSE = ("c_stride", "d_rand")


def rows(figures: Path, config: str) -> list[dict[str, str]]:
    return [row for row in csv_rows(figures / "dramsim3_reference.csv") if row["config"] == config]


@pytest.mark.parametrize("config", NAMES)
def test_every_pattern_takes_dramsim3s_cycles_commands_and_energy(figures: Path, config: str) -> None:
    for row in rows(figures, config):
        pattern = row["pattern"]
        spec = as_dramsim3(NAMES[config], wide=pattern.endswith(WIDE))
        result = simulate(spec, stream(pattern, spec))
        tolerance = 0.10 if pattern.startswith(LOOSE) else 0.05
        assert result.cycles == pytest.approx(int(row["completion_cycles"]), rel=tolerance), pattern
        for count in ("acts", "pres", "reads", "writes"):
            assert getattr(result.counts, count) == pytest.approx(int(row[count]), rel=0.02, abs=2), (pattern, count)
        accesses = int(row["reads"]) + int(row["writes"])
        assert result.counts.row_hits == pytest.approx(int(row["row_hits"]), abs=0.02 * accesses), pattern
        ranks = spec.organisation.channels * spec.organisation.ranks
        assert abs(result.counts.refs - int(row["refs"])) <= ranks, pattern
        assert result.energy.total == pytest.approx(float(row["total_energy_pj"]), rel=0.02), pattern


@pytest.mark.parametrize("config", NAMES)
@pytest.mark.parametrize("pattern", PATTERNS)
def test_every_stream_is_the_one_that_dramsim3_was_given(reference: Path, config: str, pattern: str) -> None:
    spec = load_dram(NAMES[config])
    size, row_bytes = spec.organisation.burst_bytes, spec.organisation.columns * spec.organisation.bus_bits // 8
    stem = f"{pattern}_row{row_bytes}" if pattern == "e_burst256" else pattern
    theirs = read_dram_trace(reference / "dram_traces" / f"{stem}_g{size}.trc.xz")
    mine = stream(pattern, spec)
    assert np.array_equal(mine.addresses, theirs.addresses)
    assert np.array_equal(mine.is_write, theirs.is_write)
    assert np.array_equal(mine.arrival_cycles, theirs.cycles)
    assert np.array_equal(stream(pattern + WIDE, spec).arrival_cycles, theirs.cycles // 8)


def test_a_stream_that_is_none_is_refused() -> None:
    with pytest.raises(InputError, match="did you mean 'c_stride4K'"):
        stream("c_stride4k", load_dram("hbm2"))


TIMINGS = ("CL", "CWL", "tRP", "tRAS", "tRC", "tRRD_S", "tRRD_L", "tFAW", "tWR", "tWTR_S", "tWTR_L", "tRFC")


@pytest.mark.parametrize("row", list(csv_rows(FIGURES / "dram_timings.csv")), ids=lambda row: row["config"])
def test_shipped_devices_have_the_timings_that_dramsim3_used(row: dict[str, str]) -> None:
    """All but tREFI and tRTP, which it does not read from every file; tCCD as far as it is longer than a burst."""
    name = "ddr3_1600" if row["config"] == "DDR3_8Gb_x16_1600" else NAMES[row["config"]]
    spec = load_dram(name)
    timing, organisation = spec.timing, spec.organisation
    assert [getattr(timing, key) for key in TIMINGS] == [int(row[key]) for key in TIMINGS]
    for key in ("tCCD_S", "tCCD_L"):
        burst = int(row["burst_cycles"])
        assert max(burst, getattr(timing, key)) == max(burst, int(row[key]))
    assert timing.tRCD == int(row["tRCD"] or row["tRCDRD"])
    assert timing.tCK_ns == float(row["tCK"])
    assert organisation.burst_bytes == int(row["request_bytes"])
    shape = (organisation.channels, organisation.ranks, organisation.bank_groups, organisation.banks_per_group)
    columns = ("channels", "ranks_per_channel", "bankgroups", "banks_per_group")
    assert shape == tuple(int(row[key]) for key in columns)
    assert (organisation.rows, organisation.bus_bits) == (int(row["rows"]), int(row["bus_width"]))
