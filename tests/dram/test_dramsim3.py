"""Does the DRAM take as long, send as many commands and burn as much as DRAMsim3's?"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from lifsim.hardware.dram.simulate import simulate
from lifsim.report.validation.dramsim3 import as_dramsim3, trace_requests

NAMES = {
    "DDR3_8Gb_x16_1866": "ddr3_1866",
    "DDR4_8Gb_x16_2400": "ddr4_2400",
    "LPDDR4_8Gb_x16_2400": "lpddr4_2400",
    "HBM2_8Gb_x128": "hbm2",
}
LOOSE = ("c_stride", "d_rand")


def rows(reference: Path, config: str) -> list[dict[str, str]]:
    with (reference / "dramsim3_reference.csv").open(newline="") as file:
        return [row for row in csv.DictReader(file) if row["config"] == config]


@pytest.mark.parametrize("config", NAMES)
def test_every_pattern_takes_dramsim3s_cycles_commands_and_energy(reference: Path, config: str) -> None:
    for row in rows(reference, config):
        pattern = row["pattern"]
        spec = as_dramsim3(NAMES[config], wide=pattern.endswith("_w8"))
        result = simulate(spec, trace_requests(reference, spec, pattern))
        tolerance = 0.10 if pattern.startswith(LOOSE) else 0.05
        assert result.cycles == pytest.approx(int(row["completion_cycles"]), rel=tolerance), pattern
        for count in ("acts", "pres", "reads", "writes"):
            assert getattr(result.counts, count) == pytest.approx(int(row[count]), rel=0.02, abs=2), (pattern, count)
        accesses = int(row["reads"]) + int(row["writes"])
        assert result.counts.row_hits == pytest.approx(int(row["row_hits"]), abs=0.02 * accesses), pattern
        ranks = spec.organisation.channels * spec.organisation.ranks
        assert abs(result.counts.refs - int(row["refs"])) <= ranks, pattern
        assert result.energy.total == pytest.approx(float(row["total_energy_pj"]), rel=0.02), pattern
