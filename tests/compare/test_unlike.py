"""Is it said in what runs are not alike, and nothing said of runs that are?"""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from lifsim.report.compare.runs import Run
from lifsim.report.compare.unlike import notes, unlike
from lifsim.simulate.resolved import MODEL_VERSION


def test_runs_that_are_alike_are_told_nothing(runs: dict[str, Run]) -> None:
    assert unlike([runs["none"], runs["again"]]) == ()
    assert unlike([runs["none"]]) == ()
    assert notes([runs["none"], runs["again"]]) == ()


@pytest.mark.parametrize(
    ("other", "told"),
    [
        ("two_images", ["images: 1, 2: figures are of all of a batch"]),
        ("training", ["mode: inference, training: training goes backwards"]),
        ("satasim", ["accounting: lifsim, satasim: they count and price by other rules"]),
        ("simulated", ["memory: ideal, cycle: other models of it make the array wait otherwise"]),
        ("other_node", ["SRAMs of 28, 65 nm: only the SRAM's prices follow technology_nm"]),
        (
            "other_seed",
            [r"spikes: not the same: drawn at rates, seed 0 \(none\), drawn at rates, seed 3 \(other_seed\)"],
        ),
        ("channel2", [r"LIF units: 128 \(none\), 64 \(channel2\): fewer need no sharing"]),
        ("auto", [r"schedule: layers run in other groups: 5 groups with 5 tick-batched layers \(none\), "]),
    ],
)
def test_each_thing_is_told(runs: dict[str, Run], other: str, told: list[str]) -> None:
    found = unlike([runs["none"], runs[other]])
    assert all(any(re.match(line, one) for one in found) for line in told), found


def test_nothing_else_is_told_of_them(runs: dict[str, Run]) -> None:
    """One line for each of those that differ in one thing, one more for those on a machine of another name."""
    for other in ("two_images", "other_node", "other_seed", "channel2", "training", "satasim", "simulated"):
        machines = 1 + (runs[other].machine != runs["none"].machine)
        assert len(unlike([runs["none"], runs[other]])) == machines, other


def test_machines_timesteps_and_lif_units_are_told_across_networks_and_machines(runs: dict[str, Run]) -> None:
    shared = runs["channel2"]
    inputs = {name: dict(tree) if isinstance(tree, dict) else tree for name, tree in shared.inputs.items()}
    inputs["workload"] |= {"name": "other", "timesteps": 7}
    inputs["arch"] |= {"name": "machine"}
    inputs |= {"workload_sha256": "0" * 64, "arch_sha256": "1" * 64}
    found = unlike([runs["none"], replace(shared, inputs=inputs)])
    steps = runs["none"].inputs["workload"]["timesteps"]
    for line in (
        "networks: lenet5_mnist, other: ",
        f"timesteps: {steps} (none), 7 (channel2): ",
        "machines: sata128 (none), machine (channel2): ",
        "LIF units: 128 (none), 64 (channel2): ",
    ):
        assert any(one.startswith(line) for one in found), (line, found)


def test_networks_that_differ_in_their_timesteps_alone_are_told_these(runs: dict[str, Run]) -> None:
    workload = {**runs["none"].inputs["workload"], "timesteps": 7}
    other = replace(
        runs["none"], label="b", inputs={**runs["none"].inputs, "workload": workload, "workload_sha256": "0" * 64}
    )
    told = [line for line in unlike([runs["none"], other]) if line.startswith(("networks", "timesteps"))]
    assert told == ["timesteps: 32 (none), 7 (b): figures are of all of them"]


def test_runs_are_called_as_baseline_calls_them(runs: dict[str, Run]) -> None:
    """Where there are too many to be called, units stand by the sharings."""
    two = [replace(runs["none"], label="a"), replace(runs["channel2"], label="b")]
    (line,) = unlike(two)
    assert line.startswith("LIF units: 128 (a), 64 (b): fewer need no sharing")
    (line,) = unlike([replace(one, label=f"{one.label}, batch 1") for one in two])
    assert line.startswith("LIF units: 128 (sharing none), 64 (sharing channel2): fewer need no sharing")


def test_membranes_kept_otherwise_are_told_of_training_alone(runs: dict[str, Run]) -> None:
    line = "membranes for the backward pass: stored, reversed"
    assert line in unlike([runs["training"], runs["reversed"]])
    assert line in unlike([runs["none"], runs["training"], runs["reversed"]])
    assert not any("backward pass" in one for one in unlike([runs["none"], runs["training"]]))


@pytest.mark.parametrize("version", [None, MODEL_VERSION - 1])
def test_another_model_version_is_told_of_one_run_or_all(runs: dict[str, Run], version: int | None) -> None:
    old = replace(runs["again"], model_version=version)
    said = "unknown" if version is None else str(version)
    (line,) = unlike([runs["none"], old])
    assert line.startswith(f"model version: {MODEL_VERSION} (none), {said} (again), of this LIFSim {MODEL_VERSION}")
    (line,) = unlike([old])
    assert f"{said} (again)" in line


def test_spikes_of_the_engine_are_each_networks_own(runs: dict[str, Run]) -> None:
    fired = {"kind": "engine", "source": "x", "measured": False}
    two = [replace(runs[name], inputs={**runs[name].inputs, "spikes": fired}) for name in ("none", "channel2")]
    assert any(line.startswith("spikes: each network fires its own: engine, calibrated") for line in unlike(two))
    assert not any("trained under a sharing" in note for note in notes(two))


def test_other_networks_are_no_equal_work(runs: dict[str, Run]) -> None:
    workload = {**runs["none"].inputs["workload"], "name": "other"}
    inputs = {**runs["none"].inputs, "workload": workload, "workload_sha256": "0" * 64}
    other = replace(runs["none"], inputs=inputs, label="other")
    (line,) = unlike([runs["none"], other])
    assert line == "networks: lenet5_mnist, other: figures are of whole runs, not of equal work"
    same_name = replace(other, inputs={**inputs, "workload": runs["none"].inputs["workload"]})
    assert unlike([runs["none"], same_name]) == ("networks: of one name, but not the same ones",)


def test_a_summary_that_does_not_tell_its_groups_is_said_so(runs: dict[str, Run]) -> None:
    (line,) = unlike([runs["none"], replace(runs["again"], groups=None)])
    assert "5 groups with 5 tick-batched layers (none), unknown (again)" in line


def test_what_tells_sharings_own_is_named(runs: dict[str, Run]) -> None:
    found = notes([runs["none"], runs["channel2"]])
    assert found[0].startswith("lifsim run --sharing channel2 says which part")
    assert any("trained under a sharing" in note for note in found)


def test_many_runs_are_counted_and_not_listed(runs: dict[str, Run]) -> None:
    many = [replace(runs["none"], label=f"run {index}") for index in range(40)]
    old = [replace(one, model_version=1) for one in many[:3]]
    (line,) = unlike([*many[3:], *old])
    assert f"{MODEL_VERSION} (37 runs), 1 (3 runs)" in line
    many_images = [replace(one, options=one.options.model_copy(update={"batch": i + 1})) for i, one in enumerate(many)]
    (line,) = unlike(many_images)
    assert line.startswith("images: 1, 2, 3, 4, ..., 40:")
