"""Is it told before a sweep begins which of its points cannot be run, how many, and why?"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lifsim.cli.main import main
from lifsim.errors import InputError
from lifsim.sweeps.asked import asked_from_python
from lifsim.sweeps.evaluate import Evaluator, Settings
from lifsim.sweeps.impossible import impossible
from lifsim.sweeps.plan import Job, job_of


def _job(**given: object) -> Job:
    return job_of(asked_from_python({"workload": "lenet5_mnist", "arch": None, "sharing": "none", **given}, (), {}))


def _refused(job: Job) -> int:
    """Points whose inputs do not go together, one after the other."""
    evaluator, count = Evaluator(job), 0
    for point in range(job.space.points):
        try:
            evaluator.inputs(Settings.of(job.space.at(point)))
        except InputError:
            count += 1
    return count


@pytest.mark.parametrize(
    "given",
    [
        {"mode": ["inference", "training"], "bptt": ["stored", "reversed"]},
        {"mode": ["inference", "training"], "bptt": ["stored", "reversed", "recomputed"], "batch": [1, 2, 4]},
        {"schedule": ["tick", "auto"], "objective": ["dram", "cycles", "energy"]},
        {"sharing": ["none", "layer", "channel128"], "workload": ["lenet5_mnist", "vgg9_cifar10"]},
        {"sharing": ["none", "channel2"], "batch": [1, 2]},
    ],
)
def test_as_many_points_are_told_as_fail(given: dict[str, object]) -> None:
    job = _job(**given)
    assert sum(found.points for found in impossible(job)) == _refused(job)


def test_a_dry_run_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    axes = ["--mode", "inference,training", "--bptt", "stored,reversed"]
    assert main(["sweep", "--workload", "lenet5_mnist", *axes, "--dry-run"]) == 0
    told = "note: 1 of the space's 4 points cannot be run: bptt: 'reversed' must go with mode training, not inference"
    assert told in capsys.readouterr().err


def test_a_row_that_failed_says_where_the_file_has_the_value() -> None:
    job = _job(sharing=["none", "channel128"])
    error = Evaluator(job).outcome(1).error
    assert error is not None
    assert re.search(r"lenet5_mnist\.yaml:\d+:\d+ sharing: channel128 must divide", error)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["--exit-steps", "9:1"], "--exit-steps: 9 must be at most"),
        (["--exit-steps", ""], "--exit-steps: '' must be TIMESTEPS:SHARE, as in 1:0.6"),
    ],
)
def test_faults_stand_at_options_as_they_are_typed(
    given: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sweep", "--workload", "vgg9_cifar10", "--dry-run", *given]) == 2
    said = capsys.readouterr().err
    assert said.startswith(told)
    assert "exit_steps" not in said
