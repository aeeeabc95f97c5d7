"""Is nothing of a stored result drawn that no run can have written?"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import lifsim
from lifsim.cli.main import main
from lifsim.errors import InputError
from lifsim.report.save import FILES, HTML, Extras, save
from lifsim.report.stored import NEWER, OLDER, WAY_OUT, read_runs, read_summaries
from lifsim.schedule.begins import begins_of
from lifsim.simulate.resolved import MODEL_VERSION

KINDS: dict[str, dict[str, Any]] = {
    "usual": {},
    "satasim": {"arch": "sata128_satasim"},
    "training": {"arch": "sata_training", "mode": "training", "batch": 2},
    "ideal": {"overrides": ["dram.model=ideal"]},
}


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stored")
    for name, inputs in KINDS.items():
        save(lifsim.run(workload="lenet5_mnist", **inputs), folder / name, replace=False)
    return folder


def test_what_runs_write_is_read_back_as_it_was(stored: Path) -> None:
    folders = [stored / name for name in KINDS]
    assert read_summaries(folders) == [json.loads((folder / "summary.json").read_text()) for folder in folders]


def test_runs_that_are_read_back_have_the_figures_that_they_had(stored: Path) -> None:
    for name, inputs in KINDS.items():
        (found,) = read_runs([stored / name])
        result = lifsim.run(workload="lenet5_mnist", **inputs)
        assert found.options == result.options
        assert found.totals.figures == result.totals.figures
        assert found.totals.tree() == {key: found.tree[key] for key in result.totals.tree()}


def test_a_summary_tells_its_rules_and_where_groups_begin(stored: Path) -> None:
    result = lifsim.run(workload="lenet5_mnist")
    usual, satasim = (found.tree for found in read_runs([stored / "usual", stored / "satasim"]))
    assert usual["model_version"] == satasim["model_version"] == MODEL_VERSION
    assert result.plan is not None
    assert begins_of(result.network, usual["groups"]) == result.plan.begins
    assert "groups" not in satasim  # which knows no schedules


def test_what_an_earlier_lifsim_did_not_tell_may_be_missing(stored: Path, tmp_path: Path) -> None:
    tree = json.loads((stored / "usual" / "summary.json").read_text())
    (tmp_path / "summary.json").write_text(json.dumps({k: v for k, v in tree.items() if k != "model_version"}))
    (found,) = read_runs([tmp_path])
    assert found.totals.cycles.total == tree["cycles"]["total"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda tree: tree["energy_pj"]["compute"]["lif"].update(total=float("nan")), "lif.total: nan must be finite"),
        (lambda tree: tree["energy_pj"]["sram"].update(work=-1.0), "energy_pj.sram.work: -1.0 must be >= 0"),
        (lambda tree: tree["energy_pj"]["total"].update(total=1.0), "energy_pj.total: must balance"),
        (lambda tree: tree["energy_pj"]["sram"].update(idle=float("inf")), "idle: inf must be"),
        (lambda tree: tree["cycles"].update(total=1), "cycles: must balance: Cycles: total 1 is not the sum"),
        (lambda tree: tree["ops"].update(lif_updates=1.5), "ops.lif_updates: 1.5 must be a whole number"),
        (lambda tree: tree["ops"].update(macs_dense=True), "ops.macs_dense: true must be a whole number"),
        (lambda tree: tree["dram_bytes"].pop("psum"), "dram_bytes.psum: must be given"),
        (lambda tree: tree.update(cyclez=1), "cyclez: is not a known key; did you mean 'cycles'"),
        (lambda tree: tree["inputs"].update(sharing="chanel2"), "inputs.sharing: 'chanel2' must be none"),
        (lambda tree: tree["inputs"].update(seed=3), "inputs.spikes_sha256: must be the SHA-256 of spikes"),
        (lambda tree: tree["inputs"]["arch"].update(clock_hz=1), "inputs.arch_sha256: must be the SHA-256 of arch"),
        (lambda tree: tree.update(format="other"), "format: 'other' must be lifsim-summary"),
        (lambda tree: tree.update(lif_units=10**40), "lif_units: 1000"),
        (lambda tree: tree["inputs"]["options"].update(mode="dreaming"), "inputs.options.mode: 'dreaming' must be"),
        (lambda tree: tree.update(model_version=-1), "model_version: -1 must be >= 0"),
    ],
)
def test_what_no_run_can_have_written_is_told_where_it_stands(
    stored: Path, tmp_path: Path, change: Callable[[dict[str, Any]], None], message: str
) -> None:
    path = tmp_path / "summary.json"
    tree = json.loads((stored / "usual" / "summary.json").read_text())
    change(tree)
    path.write_text(json.dumps(tree, indent=2))
    with pytest.raises(InputError) as raised:
        read_summaries([tmp_path])
    first, last = raised.value.faults[0], raised.value.faults[-1]
    assert message in f"{first.path}: {first.message}"
    assert first.line is not None
    assert (last.source, last.message) == (str(tmp_path), WAY_OUT)


@pytest.mark.parametrize(
    ("version", "told", "way_out"),
    [(1, "1 must be 2: an older LIFSim wrote it", OLDER), (3, "3 must be 2: a newer LIFSim wrote it", NEWER)],
)
def test_a_run_of_another_lifsim_is_not_called_damaged(
    stored: Path, tmp_path: Path, version: int, told: str, way_out: str
) -> None:
    """Whatever else it has that this one does not know: nobody is told to delete it."""
    tree = json.loads((stored / "usual" / "summary.json").read_text())
    (tmp_path / "summary.json").write_text(json.dumps(tree | {"schema_version": version, "hitherto": "unknown"}))
    with pytest.raises(InputError) as raised:
        read_summaries([tmp_path])
    first, last = raised.value.faults
    assert f"{first.path}: {first.message}".startswith(f"schema_version: {told}")
    assert (last.source, last.message) == (str(tmp_path), way_out)
    assert "delete" not in str(raised.value)


@pytest.mark.parametrize(
    "text", ["", "{", "[1]", "null", '{"format": "x", "format": "y"}', "[" * 10**5, '{"a": 1' + "0" * 5000 + "}", "\0"]
)
def test_what_is_no_summary_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str) -> None:
    (tmp_path / "summary.json").write_text(text)
    assert main(["plot", "fig9", "--part", "top", str(tmp_path)]) == 2
    told = capsys.readouterr().err
    assert str(tmp_path / "summary.json") in told
    assert WAY_OUT in told


def test_every_folder_that_holds_no_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError) as raised:
        read_summaries([tmp_path / "a", tmp_path / "b"])
    assert [fault.source for fault in raised.value.faults] == [str(tmp_path / "a"), str(tmp_path / "b")]


def test_runs_without_energy_are_not_normalised_to_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = lifsim.run(workload="lenet5_mnist")
    save(result, tmp_path / "run", replace=False)
    tree = json.loads((tmp_path / "run" / "summary.json").read_text())
    _clear(tree["energy_pj"])
    (tmp_path / "run" / "summary.json").write_text(json.dumps(tree))
    assert main(["plot", "fig9", "--part", "top", str(tmp_path / "run"), "--out", str(tmp_path / "a.png")]) == 2
    assert "energy_pj.compute: 0 must be > 0" in capsys.readouterr().err


def _clear(tree: dict[str, Any]) -> None:
    for key, value in tree.items():
        if isinstance(value, dict):
            _clear(value)
        else:
            tree[key] = 0.0


def test_a_folder_is_replaced_only_if_it_holds_nothing_but_a_result(stored: Path, tmp_path: Path) -> None:
    result = lifsim.run(workload="lenet5_mnist")
    shutil.copytree(stored / "usual", tmp_path / "out")
    save(result, tmp_path / "out", replace=True, extras=Extras(timeline=True, dram_trace="dramsim3"))
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted({*FILES} - {HTML})
    for name, text in (("notes.txt", "mine"), ("summary.json", "[" * 10**5), ("summary.json", "{}")):
        kept = (tmp_path / "out" / "summary.json").read_text()
        (tmp_path / "out" / name).write_text(text)
        with pytest.raises(
            InputError, match=rf"must hold nothing but an earlier result to be replaced, holds .*{name}"
        ):
            save(result, tmp_path / "out", replace=True)
        assert (tmp_path / "out" / name).read_text() == text
        (tmp_path / "out" / name).unlink()
        (tmp_path / "out" / "summary.json").write_text(kept)
