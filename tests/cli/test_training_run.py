"""Does `lifsim run --mode training` say and store what training costs?"""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from lifsim.cli.main import main

TRAIN = ("run", "--workload", "lenet5_mnist", "--mode", "training", "--batch", "1")


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_stages_add_up_in_every_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*TRAIN, "--sharing", "channel2", "--bptt", "reversed", "--out", "r", "--format", "json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    stages = summary["stages"]
    assert list(stages) == ["forward", "recompute", "backward", "weight_update"]
    for group, key in (("cycles", "total"), ("ops", "macs_effective"), ("dram_bytes", "total"), ("ops", "lif_updates")):
        assert sum(stage[group][key] for stage in stages.values()) == summary[group][key]
    with Path("r/layers.csv").open() as file:
        rows = list(csv.DictReader(file))
    for name, stage in stages.items():
        assert sum(int(row[f"stages.{name}.cycles"]) for row in rows) == stage["cycles"]["total"]
        assert sum(int(row[f"stages.{name}.dram_bytes"]) for row in rows) == stage["dram_bytes"]["total"]
    assert main(["run", "--config", "r/config.resolved.yaml", "--out", "again"]) == 0
    assert json.loads(Path("again/summary.json").read_text()) == summary


def test_the_baseline_of_reversed_training_stores_its_membranes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*TRAIN, "--sharing", "channel2", "--bptt", "reversed", "--full"]) == 0
    out = capsys.readouterr().out
    for text in ("states write", "gradients read", "weight updates", "recompute", "weight update"):
        assert text in out
    assert main([*TRAIN, "--format", "json"]) == 0
    stored = json.loads(capsys.readouterr().out)
    assert "recompute" not in stored["stages"]
    assert stored["lif_memory_bytes"]["backward"] == stored["lif_memory_bytes"]["backward_baseline"]


def test_sparsities_come_from_the_workload_with_their_source(capsys: pytest.CaptureFixture[str]) -> None:
    section = "training={membrane_gradient_sparsity: 0.5, firing_gradient_sparsity: 0.25, provenance: mine}"
    assert main([*TRAIN, "--set", section, "--format", "json"]) == 0
    given = json.loads(capsys.readouterr().out)
    assert any("50% of membrane and 25% of firing gradients are zero" in note for note in given["notes"])
    assert any("less with half as many that are not zero and" in note for note in given["notes"])
    backward = given["stages"]["backward"]["ops"]
    assert backward["pgu_multiplications"] == round(0.75 * backward["pgu_updates"])
    wrong = "training={membrane_gradient_sparsity: 1.5, firing_gradient_sparsity: 0.25}"
    assert main([*TRAIN, "--set", wrong]) == 2
    err = capsys.readouterr().err
    assert "membrane_gradient_sparsity" in err
    assert "provenance" in err


@pytest.mark.parametrize(
    ("arguments", "messages"),
    [
        (["--mode", "train", "--bptt", "back"], ["mode: 'train'", "bptt: 'back'"]),
        (["--bptt", "reversed"], ["'reversed' must go with mode training"]),
        (["--mode", "training", "--arch", "sata128"], ["tag pgu"]),
        (["--mode", "training", "--bptt", "reversed", "--set", "neuron.reset=hard"], ["lif1: hard reset forgets"]),
    ],
)
def test_nonsense_is_refused(arguments: list[str], messages: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--workload", "lenet5_mnist", *arguments]) == 2
    err = capsys.readouterr().err
    for message in messages:
        assert message in err
