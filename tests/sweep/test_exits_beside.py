"""Does a run with early exits stand beside all timesteps, and beside the schedule that cannot exit, and is it told?"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import lifsim
from lifsim.cli.main import main
from lifsim.memo import Shared
from lifsim.report.exit_lines import exit_lines
from lifsim.simulate.inputs import load_inputs
from lifsim.simulate.result import Result
from lifsim.sweeps.beside import Seen, run_beside_baseline
from lifsim.sweeps.exits_beside import ExitComparison, exits_beside
from lifsim.units import change_text
from lifsim.watch import unwatched
from tests.simulate.answering import written

FAST = ["dram.model=ideal", "buffers.membrane.size_bytes=100", "buffers.weight.size_bytes=400"]
SET = [text for one in FAST for text in ("--set", one)]
STEPS = "1:0.75,3:0.25"
ASKED = {"batch": 4, "exit_steps": STEPS}
EARLY = {**ASKED, "schedule": "timestep"}


@pytest.fixture(scope="module")
def workload(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(written(tmp_path_factory.mktemp("small")))


def beside(workload: str, options: Mapping[str, Any], *settings: str) -> ExitComparison | None:
    inputs = load_inputs("sata128", workload, "none", options, [*FAST, *settings])
    seen = Seen(inputs, unwatched, Shared())
    return exits_beside(inputs, run_beside_baseline(inputs, seen=seen)[0], seen)


@pytest.fixture(scope="module")
def early(workload: str) -> ExitComparison:
    found = beside(workload, EARLY)
    assert found is not None
    return found


def figures(result: Result) -> tuple[float, float, int]:
    return result.totals.cycles.total, result.totals.energy_pj.total.total, result.totals.dram_bytes.total


def test_it_stands_beside_all_timesteps_and_beside_auto(workload: str, early: ExitComparison) -> None:
    """Each the run that the command line would make."""
    every = lifsim.run(workload=workload, schedule="timestep", batch=4, overrides=FAST)
    auto = lifsim.run(workload=workload, schedule="auto", batch=4, overrides=FAST)
    assert early.every is not None
    assert early.other is not None
    assert early.every.totals == every.totals
    assert early.other.totals == auto.totals
    assert [step.ours for step in early.steps] == [early.run, early.run]
    assert [step.theirs for step in early.steps] == [early.every, early.other]


def test_lines_tell_what_is_saved_and_what_the_schedule_costs(early: ExitComparison) -> None:
    saved, costs = exit_lines(early)
    assert early.every is not None
    assert early.other is not None
    for line, theirs in ((saved, early.every), (costs, early.other)):
        for name, ours, other in zip(("cycles", "energy", "DRAM"), figures(early.run), figures(theirs), strict=True):
            assert f"{name} {change_text(ours / other - 1)}" in line
    times = early.run.totals.dram_bytes.total / early.other.totals.dram_bytes.total
    assert times > 1
    assert costs.startswith(
        f"but the schedule that can exit moves {times:.3g} times the DRAM bytes of auto, which cannot"
    )


def test_a_group_in_windows_exits_and_is_told_so(workload: str) -> None:
    """Against itself with all timesteps, and against auto with all."""
    found = beside(workload, ASKED | {"groups": ["conv1:fused:2"]}, "buffers.spike_out.size_bytes=4KiB")
    assert found is not None
    assert found.exits
    assert found.every is not None
    assert found.run.exits is not None
    assert found.every.totals.cycles.total > found.run.totals.cycles.total
    assert found.run.brief.figures["early exit"].endswith("; 3 timesteps are run beyond exits, to ends of windows")
    alike = replace(found, other=found.every)
    assert alike.others_words == "auto, which can exit, too: it runs fused in windows of 2 timesteps"
    assert [*exit_lines(alike)][1].endswith("--schedule auto runs fused in windows of 2 timesteps, too")


def test_of_a_schedule_that_cannot_exit_the_one_that_can_is_told(workload: str, early: ExitComparison) -> None:
    found = beside(workload, ASKED | {"schedule": "tick"})
    assert found is not None
    assert not found.exits
    assert found.other is not None
    assert found.other.totals == early.run.totals
    (line,) = exit_lines(found)
    assert re.match(r"--schedule timestep can, and moves [0-9.]+ times the DRAM bytes: cycles -", line)


def test_without_a_membrane_buffer_there_is_no_schedule_that_can(workload: str) -> None:
    found = beside(workload, ASKED | {"schedule": "tick"}, "buffers.membrane.size_bytes=0")
    assert found is not None
    assert (found.every, found.other, found.steps, list(exit_lines(found))) == (None, None, (), [])


def test_where_auto_is_the_schedule_that_can_exit_it_is_told_once(early: ExitComparison) -> None:
    same = replace(early, other=early.every)
    assert same.others_words == "auto, which can exit, too: it runs timestep by timestep"
    saved, auto = exit_lines(same)
    assert saved.startswith("saves, under the same schedule: ")
    assert auto == "no schedule moves fewer bytes at all timesteps: --schedule auto runs timestep by timestep, too"


def test_none_that_a_shared_run_is_compared_with_has_the_same_exits(workload: str) -> None:
    inputs = load_inputs("sata128", workload, "channel2", EARLY, FAST)
    shared, comparison = run_beside_baseline(inputs)
    assert comparison is not None
    assert shared.exits is not None
    assert all(one.result.exits == shared.exits for one in comparison.baselines)


def test_a_run_that_nobody_leaves_early_is_compared_with_nothing(workload: str) -> None:
    assert beside(workload, {"batch": 4, "schedule": "timestep"}) is None


def test_the_first_screen_and_the_summary_have_it(
    workload: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["run", "--workload", workload, *SET, "--batch", "4", "--out", str(tmp_path / "r")]
    assert main([*command, "--schedule", "timestep", "--exit-steps", "1:0.75,3:0.25"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "early exit 50.0% of the timesteps are not run: 3, 1 of 4 images exit after 1, 3 of 3 timesteps" in shown
    assert "exiting saves, under the same schedule: cycles -" in shown
    assert "but the schedule that can exit moves" in shown
    summary = json.loads((tmp_path / "r/summary.json").read_text())
    told = summary["early_exit"]
    assert told["exits"] is True
    assert told["images"] == {"1": 3, "3": 1}
    assert sorted(told["steps"]) == [1, 1, 1, 3]
    assert told["saved_timesteps"] == 0.5
    compared = summary["early_exit_comparison"]
    assert set(compared["totals"]) == {"all_timesteps", "fewest_bytes"}
    every = compared["totals"]["all_timesteps"]["cycles"]["total"]
    change = compared["steps"][0]["change"]["cycles.total"]
    assert summary["cycles"]["total"] / every - 1 == pytest.approx(change)
    again = ["run", "--config", str(tmp_path / "r/config.resolved.yaml"), "--out", str(tmp_path / "again")]
    assert main([*again, "--full"]) == 0
    assert "early exit: saves, under the same schedule" in capsys.readouterr().out
    assert json.loads((tmp_path / "again/summary.json").read_text()) == summary


def test_runs_with_other_exits_are_not_alike(workload: str, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["compare", "--workload", workload, *SET, "--batch", "4", "--schedule", "timestep"]
    assert main([*asked, "--vary", "exit_steps='1:0.75,3:0.25','3:1'"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "early exit: 1:0.75,3:0.25" in shown
    assert "images that are done run no further timesteps" in shown


def test_a_schedule_that_lets_none_go_is_not_alike_stored_or_not(
    workload: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["--workload", workload, *SET, "--batch", "4", "--exit-steps", STEPS]
    told = (
        f"early exit: {STEPS}, 50.0% of the timesteps not run (timestep), {STEPS}, 0.0% of the timesteps not run (tick)"
    )
    assert main(["compare", *asked, "--schedule", "timestep,tick"]) == 0
    assert told in " ".join(capsys.readouterr().out.split())
    for name in ("timestep", "tick"):
        assert main(["run", *asked, "--schedule", name, "--out", str(tmp_path / name)]) == 0
    capsys.readouterr()
    assert main(["compare", str(tmp_path / "timestep"), str(tmp_path / "tick")]) == 0
    assert told in " ".join(capsys.readouterr().out.split())


def test_an_axis_of_a_sweep_may_be_of_exits(workload: str) -> None:
    shares = ["1:0.75,3:0.25", "3:1"]
    swept = lifsim.sweep(workload=workload, batch=4, schedule="timestep", exit_steps=shares, overrides=FAST, jobs=1)
    one = lifsim.run(workload=workload, overrides=FAST, **EARLY)
    assert [row["exit_steps"] for row in swept.rows] == shares
    assert swept.rows[0]["cycles.total"] == one.totals.cycles.total < swept.rows[1]["cycles.total"]
