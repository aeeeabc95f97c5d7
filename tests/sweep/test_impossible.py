"""Is it told before a sweep begins which of its points cannot be run, how many, and why?"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lifsim.cli.main import main
from lifsim.config.workload import load_workload
from lifsim.errors import InputError
from lifsim.sweeps.asked import asked_from_python
from lifsim.sweeps.evaluate import Evaluator, Settings
from lifsim.sweeps.impossible import impossible
from lifsim.sweeps.plan import Job, job_of, plan
from lifsim.sweeps.unread import unread_somewhere
from lifsim.trace.synthesise import synthesise
from lifsim.trace.writer import save


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


TICKS = "2 must go with schedule timestep or auto, with groups, or with a sharing under which layers take turns"


@pytest.mark.parametrize("command", ["sweep", "optimize"])
def test_what_only_some_points_read_is_told(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = ["--workload", "lenet5_mnist", "--chunk", "2", "--batch", "2", "--set", "dram.model=ideal"]
    axes = ["--sharing", "none,channel2", "--schedule", "tick,timestep"]
    more = ["--dry-run"] if command == "sweep" else ["--points", "1", "--jobs", "1"]
    assert main([command, *settings, *axes, *more]) == 0
    assert f"note: chunk 2 changes nothing of points of none tick: {TICKS}" in capsys.readouterr().err


def test_what_all_points_read_is_not_told() -> None:
    given = {"chunk": 2, "batch": 2, "sharing": ["none", "channel2"]}
    assert [*unread_somewhere(_job(**given, schedule="timestep"))] == []
    assert len([*unread_somewhere(_job(**given))]) == 1
    assert [*unread_somewhere(_job(sharing=["none", "channel2"]))] == []


def test_what_no_run_would_take_is_refused_before_any(tmp_path: Path) -> None:
    """As a run refuses it: a seed beside a trace, where it chooses no points either; rates of layers that no network
    has."""
    trace = tmp_path / "one.npz"
    save(synthesise(load_workload("lenet5_mnist"), 1, 0), trace)
    given = {"arch": None, "workload": "lenet5_mnist", "trace": str(trace), "seed": 3, "batch": [1]}
    with pytest.raises(InputError, match="3 must be 0 where spikes are those of a trace"):
        plan(asked_from_python(given, (), {}))
    sampled = plan(asked_from_python({**given, "sample": 1}, (), {})).job
    assert sampled.space.points == 1
    assert [*unread_somewhere(sampled)] == []  # it chooses the points
    with pytest.raises(InputError, match="rate: nope: 'nope' must be a layer of lenet5_mnist"):
        _job(rate="nope=0.1")
    with pytest.raises(InputError, match="rate: conv2: must have one rate, or 32, one per timestep; has 2"):
        _job(rate="conv2=0.1:0.2")
    assert _job(rate="conv5=0.1", workload=["lenet5_mnist", "vgg9_cifar10"]).space.points == 2


def test_a_sharing_that_is_given_twice_is_a_fault() -> None:
    with pytest.raises(InputError, match="sharing"):
        _job(sharing=["none", "none"], chunk=2, batch=4)
