"""Does pruning take the smallest weights, keep them at 0 through training, and do its figures say what was done?"""

from __future__ import annotations

import csv
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure

from lifsim.cli.main import main
from lifsim.engine.evaluate import evaluate
from lifsim.engine.inference import Engine
from lifsim.engine.training.backprop import Learner
from lifsim.engine.training.loop import Progressed, train
from lifsim.engine.training.pruned_study import Pruning
from lifsim.engine.training.pruning import Cuts, cut_down, pruned
from lifsim.engine.training.study import open_study
from lifsim.engine.weights import checked_weights, load_weights
from lifsim.engine.workers import Workers
from lifsim.errors import InputError
from lifsim.model.sharing import Sharing
from lifsim.report.figures import fig7_rates, fig8_pruning
from lifsim.report.figures.style import canvas
from lifsim.report.figures.subject import Subject
from tests.engine.studies import study_arguments, study_inputs

CUTTABLE = ("conv1.weight", "conv2.weight", "fc.weight")
WEIGHTS = 36 + 144 + 128


def copied(folder: Path, to: Path) -> Path:
    """The study and its inputs, to be changed."""
    shutil.copytree(folder / "out", to / "out")
    for name in ("data.npz", "tiny.yaml"):
        shutil.copy(folder / name, to)
    text = (to / "out" / "study.json").read_text().replace(str(folder), str(to))
    (to / "out" / "study.json").write_text(text)
    return to


def prune(folder: Path, *options: str) -> int:
    return main([*study_arguments(folder), "--prune", "0,0.5,0.75", "--retrain-epochs", "1", *options])


@pytest.fixture(scope="module")
def cut(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study, its networks pruned; not to be changed."""
    own = copied(folder, tmp_path_factory.mktemp("cut"))
    assert prune(own) == 0
    return own


def test_the_smallest_weights_of_all_layers_go(folder: Path) -> None:
    network, _ = study_inputs(folder)
    weights = load_weights(folder / "out" / "none-seed0.npz", network)
    cut = pruned(weights, 0.75)
    kept = np.concatenate([cut[name][cut[name] != 0].ravel() for name in CUTTABLE])
    gone = np.concatenate([weights[name][cut[name] == 0].ravel() for name in CUTTABLE])
    assert len(gone) == round(0.75 * WEIGHTS)
    assert np.abs(gone).max() <= np.abs(kept).min()
    assert cut["conv1.bn.bias"] is weights["conv1.bn.bias"]


def test_what_is_pruned_stays_0_and_the_rest_is_trained(folder: Path) -> None:
    network, data = study_inputs(folder)
    recipe = replace(open_study(folder / "out").recipe(0), epochs=2)
    before = pruned(load_weights(folder / "out" / "none-seed0.npz", network), 0.6)
    kept = {name: before[name] != 0 for name in CUTTABLE}
    learner = Learner(network, Sharing(), workers=Workers(1))
    *_, (after, _) = train(learner, data, recipe, Progressed(0, before, {}), kept=kept)
    for name in CUTTABLE:
        assert not after.weights[name][~kept[name]].any()
        assert (after.weights[name][kept[name]] != before[name][kept[name]]).any()
    assert (after.weights["conv1.bn.bias"] != before["conv1.bn.bias"]).any()


@pytest.mark.parametrize("epochs", [0, 2])
def test_each_cut_begins_where_the_last_one_ended(folder: Path, epochs: int) -> None:
    """Step by step, from the parts."""
    network, data = study_inputs(folder)
    recipe = replace(open_study(folder / "out").recipe(1), epochs=max(1, epochs))
    learner = Learner(network, Sharing.parse("layer"), workers=Workers(1))
    weights = load_weights(folder / "out" / "layer-seed1.npz", network)
    found = list(cut_down(learner, data, recipe, weights, Cuts.of([0.5, 0.0, 0.9], epochs)))
    assert [cut.share for cut in found] == [0.0, 0.5, 0.9]
    assert [cut.weights for cut in found] == [WEIGHTS, WEIGHTS - round(0.5 * WEIGHTS), WEIGHTS - round(0.9 * WEIGHTS)]
    now = dict(weights)
    for cut in found:
        if cut.share:
            now = pruned(now, cut.share)
            kept = {name: now[name] != 0 for name in CUTTABLE}
            if epochs:
                *_, (trained, _) = train(learner, data, recipe, Progressed(0, now, {}), kept=kept)
                now = dict(trained.weights)
        engine = Engine(network, Sharing.parse("layer"), checked_weights(network, now))
        seen = evaluate(engine, data.x_test, data.y_test)
        assert (cut.accuracy, cut.active_share, cut.spike_rate) == (seen.accuracy, seen.active_share, seen.spike_rate)


def stored(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((folder / "out" / "pruned.json").read_text())["networks"]
    return found


def test_a_study_prunes_its_networks_once_and_tells_them(cut: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert {(one["sharing"], one["seed"]) for one in stored(cut)} == {(s, k) for s in ("none", "layer") for k in (0, 1)}
    trials = {trial.key: trial for trial in open_study(cut / "out").trials}
    for one in stored(cut):
        assert one["cuts"][0]["accuracy"] == trials[one["sharing"], one["seed"]].accuracy
    before = (cut / "out" / "pruned.json").stat().st_mtime_ns
    assert prune(cut, "--format", "json") == 0
    assert (cut / "out" / "pruned.json").stat().st_mtime_ns == before
    rows = json.loads(capsys.readouterr().out)["pruned"]
    every = [(sharing, share) for sharing in ("none", "layer") for share in (0, 0.5, 0.75)]
    assert [(row["sharing"], row["share"]) for row in rows] == every
    for row in rows:
        cuts = [found for one in stored(cut) if one["sharing"] == row["sharing"] for found in one["cuts"]]
        mine = [found["active_share"] for found in cuts if found["share"] == row["share"]]
        assert row["active_share_mean"] == pytest.approx(np.mean(mine))
        assert row["active_share_std"] == pytest.approx(np.std(mine, ddof=1))
    assert prune(cut) == 0
    assert "| layer | 2 | 75 | 1 |" in capsys.readouterr().out


@pytest.mark.slow
def test_other_weights_are_pruned_again(cut: Path, tmp_path: Path) -> None:
    """What was found of those that were there before is not theirs."""
    own = copied(cut, tmp_path)
    shutil.copy(own / "out" / "none-seed1.npz", own / "out" / "none-seed0.npz")
    assert prune(own) == 0
    assert len(stored(own)) == 5


def test_fig8_draws_what_the_study_holds(cut: Path, tmp_path: Path) -> None:
    before = (cut / "out" / "pruned.json").stat().st_mtime_ns
    out = tmp_path / "fig8.svg"
    options = ["--shares", "0.75,0,0.5", "--retrain-epochs", "1", "--arch", "eyeriss_like"]
    assert main(["plot", "fig8", str(cut / "out"), *options, "--out", str(out)]) == 0
    assert (cut / "out" / "pruned.json").stat().st_mtime_ns == before
    with out.with_suffix(".csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["half"] == "left"]
    assert [(row["sharing"], float(row["share"])) for row in rows] == [
        (sharing, share) for sharing in ("none", "layer") for share in (0.0, 0.5, 0.75)
    ]
    assert {(row["sharing"], row["lif_elements"]) for row in rows} == {("none", "128"), ("layer", "64")}
    for row in rows:
        left = WEIGHTS - round(float(row["share"]) * WEIGHTS)
        assert float(row["weights"]) == left
        assert int(row["weight_bytes"]) == round(left * int(row["weight_bits"]) / 8)
    assert "trained for 1 epoch after each cut" in out.read_text()


def test_weights_of_resnet19_are_those_of_the_paper(tmp_path: Path) -> None:
    """12,575,104 weights of 32 bits, a tenth of which is left: 5.03 MB, 4.797 MiB; its unshared LIFs have
    458,752 membranes."""
    out = tmp_path / "fig8.svg"
    assert (
        main(["plot", "fig8", "--networks", "resnet19_cifar10", "--sharing", "none,channel2", "--out", str(out)]) == 0
    )
    with out.with_suffix(".csv").open() as file:
        none, channel2 = csv.DictReader(file)
    assert (none["weight_bytes"], none["lif_bytes"]) == (str(round(12_575_104 * 4 * 0.1)), str(458_752 * 4))
    assert (channel2["weight_bytes"], channel2["lif_bytes"]) == (none["weight_bytes"], str(458_752 * 2))
    text = out.read_text()
    assert "90 % of them pruned, without indices" in text
    assert "4.797 MiB" in text
    assert not re.search("[kM]B", text)


def test_one_seed_is_one_seed_and_has_no_spread(cut: Path) -> None:
    study, (network, data) = open_study(cut / "out"), study_inputs(cut)
    alone = study.only({("none", 0), ("layer", 0)})
    for trials, title, containers in (
        (alone.trials, "tiny on the engine, T = 2, 1 seed", 1),  # the bars alone
        (study.trials, "tiny on the engine, T = 2, 2 seeds, mean and standard deviation", 3),  # and a whisker for each
    ):
        table, (_, (axes,)) = fig7_rates.table(trials), canvas()
        assert fig7_rates.title(table, Subject(["tiny"], "the engine", [2], [])) == title
        fig7_rates.draw(table, axes)
        assert len(axes.containers) == containers
    for some, title in ((alone, "1 seed: "), (study, "2 seeds, mean and standard deviation: ")):
        *_, found = Pruning(some, network, data, Cuts.of([0, 0.5, 0.75], 1)).run(1)
        table, figure = fig8_pruning.table(found, network, 8, 16), Figure()
        tiny = Subject(["tiny"], "the engine", [2], [])
        assert fig8_pruning.title(table, tiny).startswith(f"tiny on the engine, T = 2, {title}")
        assert fig8_pruning.title(table.assign(retrain_epochs=0), tiny).endswith("pruned, not trained again")
        fig8_pruning.draw_percent(table, figure.add_gridspec()[0, 0])
        drawn = [one for axes in figure.axes for one in axes.containers if isinstance(one, ErrorbarContainer)]
        assert [one.has_yerr for one in drawn] == [some is study] * 4  # two measures of two sharings


def test_shares_and_epochs_that_cannot_be(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = copied(folder, tmp_path)
    assert main([*study_arguments(own), "--retrain-epochs", "2"]) == 2
    assert "--retrain-epochs: must go with --prune" in capsys.readouterr().err
    assert main([*study_arguments(own), "--prune", "0.5,1"]) == 2
    assert "shares: 1.0 must be >= 0 and < 1" in capsys.readouterr().err
    assert main([*study_arguments(own), "--prune", "half"]) == 2
    assert "shares: 'half' must be numbers with commas" in capsys.readouterr().err
    with pytest.raises(InputError, match="must be one share or more"):
        Cuts(())


def test_pruned_networks_that_are_none_are_not_read_back(
    cut: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = copied(cut, tmp_path)
    one = stored(own)[0]
    for networks, fault in (
        ([{}], "networks.0.seed"),
        ([one, one], "must be another one than networks.0"),
        ([one | {"cuts": one["cuts"][::-1]}], "must be of ascending shares"),
        ([one | {"weights_sha256": "x"}], "weights_sha256"),
    ):
        (own / "out" / "pruned.json").write_text(json.dumps({"networks": networks}))
        assert main(["plot", "fig8", str(own / "out"), "--out", str(own / "a.svg")]) == 2
        assert fault in capsys.readouterr().err
