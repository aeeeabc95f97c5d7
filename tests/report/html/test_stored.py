"""Is the report of a stored run that of the run, and does it believe no folder that no run can have written?"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from lifsim.errors import InputError
from lifsim.report.html.again import made_again
from lifsim.report.html.told import Told
from lifsim.report.html.write import report_of, report_of_runs


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    return shutil.copytree(folder, tmp_path / folder.name)


def test_a_stored_run_has_the_report_that_it_would_have_had(shared: Told, folder: Path) -> None:
    assert shared.result is not None
    assert report_of_runs([folder]).page == report_of(shared.result, shared_around(shared))


def test_without_being_made_again_it_lacks_what_is_not_stored(folder: Path) -> None:
    stored = report_of_runs([folder], again=False).page.decode()
    assert "only stored figures" in stored
    assert 'data-chart="run1-cycles"' in stored
    assert 'data-chart="run1-schedule"' not in stored


def test_a_run_of_other_rules_is_not_made_again(copy: Path) -> None:
    summary = json.loads((copy / "summary.json").read_text())
    summary["model_version"] -= 1
    (copy / "summary.json").write_text(json.dumps(summary))
    told = made_again(Told.of_folder("old", copy), copy)
    assert told.result is None
    assert "model version" in told.why_not


def test_a_run_whose_inputs_have_gone_is_told_from_its_figures(copy: Path) -> None:
    config = copy / "config.resolved.yaml"
    config.write_text(config.read_text().replace("batch: 1", "batch: 1\n  trace: /nowhere/gone.npz"))
    told = made_again(Told.of_folder("gone", copy), copy)
    assert told.result is None
    assert told.why_not.startswith("it cannot be made again: ")


def test_a_configuration_of_another_run_is_found_out(copy: Path) -> None:
    config = copy / "config.resolved.yaml"
    config.write_text(config.read_text().replace("sharing: channel2", "sharing: none"))
    told = made_again(Told.of_folder("other", copy), copy)
    assert told.result is None
    assert "other figures" in told.why_not


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text.replace("\nconv2,", "\nconv2,9", 1), "cycles.total must add up to"),
        (lambda text: "\n".join(text.splitlines()[:-1]), "must add up to"),
        (lambda text: text.replace("cycles.total", "cycles", 1), "must have the columns cycles.total"),
        (lambda text: text.splitlines()[0], "must have a row a layer"),
        (lambda text: text.replace("\nconv2,", "\nconv2,-", 1), "must have numbers >= 0"),
        (lambda text: text.replace("\nconv2,", "\nconv2,nan", 1), "must have numbers >= 0"),
        (lambda text: text.replace("\nconv2,", "\nconv2,1,1,", 1), "must have numbers >= 0"),
    ],
)
def test_layers_that_are_not_those_of_the_run_are_refused(copy: Path, change, said: str) -> None:
    layers = copy / "layers.csv"
    layers.write_text(change(layers.read_text()))
    with pytest.raises(InputError) as caught:
        report_of_runs([copy])
    assert any(said in str(fault) for fault in caught.value.faults)
    assert "delete it and run again" in str(caught.value)


@pytest.mark.parametrize("name", ["layers.csv", "timesteps.csv", "config.resolved.yaml"])
def test_a_folder_that_lacks_a_file_is_refused(copy: Path, name: str) -> None:
    (copy / name).unlink()
    with pytest.raises(InputError, match="this file is missing"):
        report_of_runs([copy])


def test_every_fault_of_all_folders_is_told(copy: Path, folder: Path, tmp_path: Path) -> None:
    (copy / "layers.csv").unlink()
    other = shutil.copytree(folder, tmp_path / "other")
    (other / "timesteps.csv").unlink()
    with pytest.raises(InputError) as caught:
        report_of_runs([copy, other])
    assert len(caught.value.faults) == 2


def test_the_same_run_has_the_same_report(shared: Told) -> None:
    assert shared.result is not None
    assert report_of(shared.result) == report_of(shared.result)


def shared_around(shared: Told):
    from lifsim.report.summary import Around
    from lifsim.simulate.inputs import Inputs
    from lifsim.sweeps.beside import run_beside_baseline

    assert shared.result is not None
    run = shared.result
    _, comparison = run_beside_baseline(Inputs(run.arch, run.network, run.sharing, run.options))
    return Around(comparison)
