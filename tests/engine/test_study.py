"""Does a study grow trial by trial, and do the figures show what its networks do?"""

from __future__ import annotations

import csv
import json
from contextlib import nullcontext
from pathlib import Path
from statistics import mean, stdev

import numpy as np
import pytest
from pydantic import ValidationError

from lifsim.cli.main import main
from lifsim.engine.evaluate import evaluate
from lifsim.engine.inference import Engine
from lifsim.engine.training.analysis import transfers
from lifsim.engine.training.study import Trial, open_study
from lifsim.engine.weights import load_weights
from lifsim.engine.workers import Workers
from lifsim.model.sharing import Sharing
from tests.engine.studies import study_arguments, study_inputs
from tests.oracles.counted_spikes import Convolution, Counts, Neuron, count


def test_does_the_same_command_train_only_what_is_missing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study = open_study(folder / "out")
    assert {trial.key for trial in study.trials} == {(s, k) for s in ("none", "layer") for k in (0, 1)}
    before = {path.name: path.stat().st_mtime_ns for path in (folder / "out").glob("*.npz")}
    assert main([*study_arguments(folder)[:-1], "2", "--format", "json"]) == 0
    assert {path.name: path.stat().st_mtime_ns for path in (folder / "out").glob("*.npz")} == before
    rows = json.loads(capsys.readouterr().out)["sharings"]
    mine = [trial.accuracy for trial in study.trials if trial.sharing == "layer"]
    found = next(row for row in rows if row["sharing"] == "layer")
    assert found["accuracy_mean"] == pytest.approx(np.mean(mine))
    assert found["accuracy_std"] == pytest.approx(np.std(mine, ddof=1))
    unshared = {trial.seed: trial.accuracy for trial in study.trials if trial.sharing == "none"}
    changes = [trial.accuracy - unshared[trial.seed] for trial in study.trials if trial.sharing == "layer"]
    assert found["accuracy_change_mean"] == pytest.approx(np.mean(changes))
    assert found["accuracy_change_std"] == pytest.approx(np.std(changes, ddof=1))
    assert main([*study_arguments(folder), "--rate", "0.5"]) == 2
    assert "another study" in capsys.readouterr().err


def counted(folder: Path, name: str, state_of: dict[str, str]) -> Counts:
    """What the trained weights of that name fire on the test images: 70, more than the engine shows at a time."""
    with np.load(folder / "out" / f"{name}.npz") as arrays:
        weights = {key: arrays[key].astype(float).tolist() for key in arrays.files}
    with np.load(folder / "data.npz") as data:
        images, labels = data["x_test"].tolist(), data["y_test"].tolist()
    assert len(images) == 70
    layers = [Convolution(f"conv{n}", f"lif{n}", state_of[f"lif{n}"]) for n in (1, 2)]
    return count(layers, "fc", weights, Neuron(tau=4 / 3, threshold=1.0), images, labels, timesteps=2)


@pytest.mark.parametrize(
    ("sharing", "state_of"), [("none", {"lif1": "lif1", "lif2": "lif2"}), ("layer", {"lif1": "one", "lif2": "one"})]
)
def test_are_spike_rates_those_of_spikes_counted_one_by_one(
    folder: Path, tmp_path: Path, sharing: str, state_of: dict[str, str]
) -> None:
    """A call so near to its threshold that rounding decides may change what follows it; hardly any is."""
    shown, rates, slack = 70 * 2, [], 0.0
    for trial in open_study(folder / "out").trials:
        if trial.sharing != sharing:
            continue
        found = counted(folder, f"{sharing}-seed{trial.seed}", state_of)
        unsure, spikes = 50 * found.near, sum(found.spikes.values())
        assert unsure < 0.2 * spikes
        for lif in ("lif1", "lif2"):
            assert found.neurons[lif] == 64
            assert trial.rates[lif] * shown * 64 == pytest.approx(found.spikes[lif], abs=unsure + 0.01)  # 6 digits
        assert trial.spike_rate * shown * 128 == pytest.approx(spikes, abs=unsure + 1e-6)
        assert trial.active_share * 128 == pytest.approx(sum(map(len, found.fired.values())), abs=unsure + 1e-6)
        assert trial.accuracy * 70 == pytest.approx(found.right, abs=unsure + 1e-6)
        rates.append(spikes / (shown * 128))
        slack = max(slack, unsure / (shown * 128))
    assert main(["plot", "fig7", str(folder / "out"), "--out", str(tmp_path / "fig7.svg")]) == 0
    with (tmp_path / "fig7.csv").open() as file:
        (row,) = (row for row in csv.DictReader(file) if row["sharing"] == sharing)
    assert float(row["spike_rate_mean"]) == pytest.approx(mean(rates), abs=slack + 1e-9)
    assert float(row["spike_rate_std"]) == pytest.approx(stdev(rates), abs=slack + 1e-9)


def test_are_transfers_on_the_diagonal_the_trained_accuracies(folder: Path) -> None:
    study = open_study(folder / "out")
    network, data = study_inputs(folder)
    found = list(transfers(study, network, data, Workers(1)))
    assert len(found) == 8
    for trial in study.trials:
        own = next(t for t in found if (t.trained, t.run, t.seed) == (trial.sharing, trial.sharing, trial.seed))
        assert (own.accuracy, own.spike_rate) == (trial.accuracy, trial.spike_rate)
    other = next(t for t in found if t.trained == "none" and t.run == "layer" and t.seed == 1)
    weights = load_weights(folder / "out" / "none-seed1.npz", network)
    again = evaluate(Engine(network, Sharing.parse("layer"), weights), data.x_test, data.y_test)
    assert other.accuracy == again.accuracy


@pytest.mark.parametrize("figure", ["fig6", "fig7"])
def test_do_the_figures_come_with_their_numbers(folder: Path, tmp_path: Path, figure: str) -> None:
    out = tmp_path / "figure.svg"
    assert main(["plot", figure, str(folder / "out"), "--out", str(out)]) == 0
    assert out.read_text().startswith("<?xml")
    lines = out.with_suffix(".csv").read_text().splitlines()
    assert len(lines) == {"fig6": 4, "fig7": 2}[figure] + 1


def test_are_folders_that_hold_no_study_refused(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plot", "fig6", str(tmp_path)]) == 2
    assert "lifsim study" in capsys.readouterr().err
    assert main(["plot", "fig8", str(folder / "out"), "--shares", "0,1", "--out", str(tmp_path / "a.svg")]) == 2
    assert "1.0 must be >= 0 and < 1" in capsys.readouterr().err
    assert main([*study_arguments(folder), "--sharing", "channel3,chanel2"]) == 2


@pytest.mark.parametrize("name", ["accuracy", "spike_rate", "active_share"])
@pytest.mark.parametrize(("share", "is_one"), [(0.0, True), (1.0, True), (1.001, False), (-0.001, False)])
def test_what_is_no_share_is_not_read_back(name: str, share: float, is_one: bool) -> None:
    stored = {"sharing": "none", "seed": 0, "accuracy": 0.5, "spike_rate": 0.5, "active_share": 0.5, "rates": {}}
    stored |= {"weights": "none-0.npz", name: share}
    with nullcontext() if is_one else pytest.raises(ValidationError, match=name):
        Trial.model_validate(stored)
