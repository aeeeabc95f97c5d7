"""Is there a whole result or what was there before, whatever happens while it is written?"""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

import lifsim
from lifsim.errors import InputError
from lifsim.report import save as module
from lifsim.report.save import save
from lifsim.simulate.result import Result

FILES = ["config.resolved.yaml", "layers.csv", "summary.json", "timesteps.csv"]


@pytest.fixture(scope="module")
def results() -> list[Result]:
    return [lifsim.run(workload="lenet5_mnist", seed=seed) for seed in range(4)]


def _save_at_once(results: list[Result], folder: Path, *, replace: bool) -> list[str]:
    """The refusals when all `results` go into one folder at the same time, past the check that comes first."""
    refused, barrier = [], threading.Barrier(len(results))

    def write(result: Result) -> None:
        barrier.wait()
        try:
            save(result, folder, replace=replace)
        except InputError as error:
            refused.append(str(error))

    threads = [threading.Thread(target=write, args=(result,)) for result in results]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return refused


def test_of_runs_into_one_new_folder_the_first_stays(results: list[Result], tmp_path: Path) -> None:
    refused = _save_at_once(results, tmp_path / "out", replace=False)
    assert len(refused) == len(results) - 1
    told = "out exists and must not be overwritten: it holds a run with another seed; give another --out, or --force"
    assert all(text.endswith(told) for text in refused)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == FILES


def test_runs_that_may_replace_one_folder_all_succeed_and_leave_one_whole_result(
    results: list[Result], tmp_path: Path
) -> None:
    save(results[0], tmp_path / "out", replace=False)
    assert _save_at_once(results, tmp_path / "out", replace=True) == []
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == FILES


def test_a_result_that_appears_while_another_is_written_is_not_overwritten(
    results: list[Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "out"
    monkeypatch.setattr(module, "check_target", lambda *_, **__: None)
    save(results[0], folder, replace=False)
    before = (folder / "summary.json").read_text()
    with pytest.raises(InputError, match="must not be overwritten"):
        save(results[1], folder, replace=False)
    assert (folder / "summary.json").read_text() == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_result_has_the_permissions_of_any_new_folder(results: list[Result], tmp_path: Path) -> None:
    save(results[0], tmp_path / "out", replace=False)
    (tmp_path / "plain").mkdir()
    assert (tmp_path / "out").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_what_was_there_stays_when_the_last_rename_fails(
    results: list[Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "out"
    save(results[0], folder, replace=False)
    before = (folder / "summary.json").read_text()
    rename = Path.rename

    def fails_onto_an_empty_place(self: Path, target: Path) -> Path:
        if target == folder and "old" not in self.parts and not folder.exists():
            raise OSError(28, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fails_onto_an_empty_place)
    with pytest.raises(InputError, match="No space left on device"):
        save(results[1], folder, replace=True)
    assert (folder / "summary.json").read_text() == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_failure_while_the_files_are_written_leaves_nothing(
    results: list[Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(result: Result) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "resolved_config", interrupted)
    with pytest.raises(KeyboardInterrupt):
        save(results[0], tmp_path / "out", replace=False)
    assert list(tmp_path.iterdir()) == []
