"""Do the bytes of a run cross its DRAM's bus all, and never faster than the device can?"""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lifsim
from lifsim.accounting.machine import Machine
from lifsim.report.html.chart import Chart, Timed
from lifsim.report.html.charts import timeline as chart
from lifsim.report.html.told import Told
from lifsim.report.movement import Movement
from lifsim.report.timeline import BINS, write_timeline
from lifsim.simulate.result import Result

RUNS: dict[str, dict[str, Any]] = {
    "lpddr": {"workload": "lenet5_mnist", "sharing": "channel2"},
    "ddr, fused": {
        "workload": "lenet5_mnist", "sharing": "channel2", "schedule": "fused",
        "overrides": ["dram.model=cycle", "dram.device=ddr4_2400"],
    },
    "skewed": {"workload": "lenet5_mnist", "schedule": "skewed"},
    "hbm": {"workload": "vgg9_cifar10", "overrides": ["dram.model=cycle", "dram.device=hbm2"]},
    "plain bandwidth": {
        "workload": "lenet5_mnist",
        "overrides": ["dram.model=bandwidth", "dram.bandwidth_bytes_per_s=100MB"],
    },
    "training": {"arch": "sata_training", "workload": "lenet5_mnist", "mode": "training", "batch": 2},
}  # fmt: skip


@pytest.fixture(scope="module", params=RUNS)
def run(request: pytest.FixtureRequest) -> Result:
    """One of each kind."""
    return lifsim.run(**RUNS[request.param])


def peak_of(run: Result) -> Fraction:
    found = Machine.of(run.arch).dram_bytes_per_cycle
    assert found is not None
    return found


def test_the_counter_of_the_timeline_is_never_above_the_peak_and_has_all_bytes(run: Result, tmp_path: Path) -> None:
    write_timeline(run, tmp_path / "timeline.json")
    events = json.loads((tmp_path / "timeline.json").read_text())["traceEvents"]
    paces = [one["args"]["GB/s"] for one in events if one["ph"] == "C" and one["name"] == "GB/s"]
    assert 0 < max(paces) <= float(peak_of(run)) * run.arch.clock_hz / 1e9 * (1 + 1e-6)
    bin_us = run.totals.cycles.total / run.arch.clock_hz * 1e6 / BINS
    assert sum(paces) * bin_us * 1e3 == pytest.approx(run.totals.dram_bytes.total, rel=1e-6)
    assert paces[-1] == 0


def test_every_transfer_takes_time(run: Result, tmp_path: Path) -> None:
    """A write that a queue takes at once still has to leave."""
    write_timeline(run, tmp_path / "timeline.json")
    events = json.loads((tmp_path / "timeline.json").read_text())["traceEvents"]
    moving = [one for one in events if one["ph"] == "X" and one["pid"] in (2, 3) and one["args"]["bytes"]]
    assert all(one["dur"] > 0 for one in moving)


def test_the_chart_of_the_report_is_never_above_the_peak_and_has_all_bytes(run: Result) -> None:
    drawn = chart.chart(Told.of_result("run", run))
    assert isinstance(drawn, Chart)
    assert isinstance(drawn.mark, Timed)
    values = np.array(drawn.mark.panels[1].curves[0].values[:-1])
    assert values.max() <= float(peak_of(run)) * run.arch.clock_hz * (1 + 1e-4)
    seconds = drawn.mark.end / run.arch.clock_hz / chart.BINS
    assert values.sum() * seconds == pytest.approx(run.totals.dram_bytes.total, rel=1e-3)


def test_in_no_stretch_however_short_does_more_cross(run: Result) -> None:
    timeline = run.timeline
    assert timeline is not None
    movement = Movement.of(timeline, peak_of(run))
    edges = np.linspace(0, movement.done, 100_001)
    moved, room = movement.between(edges), float(peak_of(run)) * np.diff(edges)
    assert (moved <= room * (1 + 1e-6) + 1e-6).all()
    assert (moved >= -1e-6).all()
    assert moved.sum() == pytest.approx(run.totals.dram_bytes.total)


def test_what_is_asked_for_at_once_crosses_at_the_pace_of_the_bus() -> None:
    """Two writes of 40 B that are taken in a cycle each, 4 B a cycle: the last byte crosses 20 cycles after the first
    was given, behind the run's end. A third one, of which 8 B are given in 8 cycles, crosses as it is given."""
    begin = np.array([10.0, 10.0, 100.0])
    asked = Movement(begin, np.array([11.0, 11.0, 108.0]), np.array([40.0, 40.0, 8.0]), 4.0, 20)
    assert asked.between(np.array([0.0, 10, 15, 20, 25, 30, 31, 104, 108])).tolist() == pytest.approx(
        [0, 20, 20, 20, 20, 0, 4, 4]
    )
    assert Movement(begin[:2], asked.end[:2], asked.size[:2], 4.0, 20).done == pytest.approx(30)
    assert Movement(begin[:2], asked.end[:2], asked.size[:2], 4.0, 50).done == 50
