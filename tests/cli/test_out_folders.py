"""Is the folder of a run named by what is not as it is by default, and no other result overwritten without a word?"""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from dataclasses import replace
from pathlib import Path

import pytest

import lifsim
from lifsim.cli.main import main
from lifsim.config.resolve import find
from lifsim.placing import LONGEST
from lifsim.report.folder_name import Said, default_folder
from lifsim.report.save import Extras, save
from lifsim.simulate.options import Options
from lifsim.simulate.result import Result
from tests.checkout import ROOT, changes, copy_checkout

SMALL = ("--workload", "lenet5_mnist")


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def result() -> Result:
    return lifsim.run(workload="lenet5_mnist")


def _told(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> str:
    """The last line on stderr of a run."""
    capsys.readouterr()
    assert main(["run", *arguments]) == status
    return capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ((), "lenet5_mnist-sata128-none"),
        (("--sharing", "channel2", "--batch", "1", "--seed", "0"), "lenet5_mnist-sata128-channel2"),
        (("--batch", "2", "--seed", "7"), "lenet5_mnist-sata128-none-batch2-seed7"),
        (("--schedule", "auto", "--objective", "cycles"), "lenet5_mnist-sata128-none-auto-cycles"),
        (("--mode", "training", "--batch", "16"), "lenet5_mnist-sata_training-none-training-stored"),
        (("--dram", "hbm2", "--set", "buffers.weight.size_bytes=64KiB"),
         "lenet5_mnist-sata128-none-hbm2-weight.size_bytes=64KiB"),
        (("--set", "array.rows=4", "--set", "array.rows = 8"), "lenet5_mnist-sata128-none-array.rows=8"),
        (("--rate", "0.2", "--rate", "fc1=0.1"), "lenet5_mnist-sata128-none-rate0.2+fc1=0.1"),
        (("--groups", "conv1,fc1", "--rates-scale", "0.5"), "lenet5_mnist-sata128-none-rates0.5-groups=conv1+fc1"),
    ],
)  # fmt: skip
def test_the_folder_is_named_by_what_is_not_as_by_default(
    arguments: tuple[str, ...], name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _told(capsys, *SMALL, *arguments) == f"written to reports/{name}"
    assert [path.name for path in Path("reports").iterdir()] == [name]


def test_every_option_of_a_run_is_in_the_name(result: Result) -> None:
    others = {
        "batch": 3, "seed": 4, "trace": Path("/a/spikes.npz"), "spikes": "engine", "weights": "w.npz",
        "images": "digits", "rate": ("0.2", "conv2=0.1"), "rates_scale": 2.0, "schedule": "auto",
        "objective": "cycles", "mode": "training", "bptt": "reversed", "chunk": 2, "groups": ("conv1",),
        "exit_steps": "1:0.5,2:0.5", "exit_confidence": 0.9,
    }  # fmt: skip
    assert set(others) == set(Options.model_fields)
    names = set()
    for name, value in others.items():
        options = Options().model_copy(update={"mode": "training", name: value} if name == "bptt" else {name: value})
        names.add(default_folder(_run_with(result, options)))
    assert len(names) == len(others)
    assert {"lenet5_mnist-sata128-none-exits1x0.5+2x0.5", "lenet5_mnist-sata128-none-sure0.9"} <= {
        name.name for name in names
    }
    assert default_folder(_run_with(result, Options())) not in names


def _run_with(result: Result, options: Options) -> Result:
    """`result` as if it had been run with `options`."""
    return replace(result, options=options)


def test_files_are_called_as_they_were_given_and_names_stay_short_and_apart(result: Result) -> None:
    folder = default_folder(result, Said(arch="own/fast.yaml", workload="../nets/mine", dram="own/ddr.yaml"))
    assert str(folder) == "reports/mine-fast-none-ddr"
    odd = default_folder(result, Said(settings=("spikes={source: engine}", "name=a/../b c\n")))
    assert str(odd) == "reports/lenet5_mnist-sata128-none-spikes=_source__engine_-name=a_.._b_c"
    long = [default_folder(result, Said(settings=(f"array.rows={'1' * 200}{end}",))) for end in "ab"]
    assert long[0] != long[1]
    assert all(len(path.name) == LONGEST for path in long)


def test_the_same_inputs_again_are_the_same_folder_which_stays_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    for place in ((), ("--out", "r")):
        folder = "reports/lenet5_mnist-sata128-none" if not place else "r"
        assert _told(capsys, *SMALL, *place) == f"written to {folder}"
        before = Path(folder).stat().st_ino, Path(folder, "summary.json").stat().st_mtime_ns
        assert _told(capsys, *SMALL, *place) == f"{folder} holds this already"
        assert (Path(folder).stat().st_ino, Path(folder, "summary.json").stat().st_mtime_ns) == before
        again = ("--config", f"{folder}/config.resolved.yaml", *place)
        where = folder if place else "reports/lenet5_mnist-sata128-none"
        assert _told(capsys, *again) == f"{where} holds this already"


def test_extras_that_are_asked_for_later_join_the_result(capsys: pytest.CaptureFixture[str]) -> None:
    waits = ("--set", "dram.model=bandwidth", "--set", "dram.bandwidth_bytes_per_s=1GB", "--out", "r")
    assert _told(capsys, *SMALL, *waits) == "written to r"
    assert _told(capsys, *SMALL, *waits, "--timeline") == "written to r"
    assert _told(capsys, *SMALL, *waits, "--dram-trace", "ramulator") == "written to r"
    assert {"timeline.json", "dram.trace", "summary.json"} <= {path.name for path in Path("r").iterdir()}
    assert _told(capsys, *SMALL, *waits) == "r holds this already"
    told = _told(capsys, *SMALL, *waits, "--dram-trace", "dramsim3", status=2)
    assert "must not be overwritten" in told


def test_another_result_is_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """The same name and another content: an architecture that was changed."""
    shipped = find("arch", "sata128").read_text(encoding="utf-8")
    changed = shipped.replace("rows: 16", "rows: 8")
    arch, folder = Path("mine.yaml"), "reports/lenet5_mnist-mine-none"
    for text, told in (
        (shipped, f"written to {folder}"),
        (changed, f"written to {folder}-2; {folder} holds something else"),
        (shipped, f"{folder} holds this already"),
        (changed, f"{folder}-2 holds this already"),
    ):
        arch.write_text(text, encoding="utf-8")
        assert _told(capsys, *SMALL, "--arch", "mine.yaml") == told
    before = Path(folder, "summary.json").read_bytes()
    told = _told(capsys, *SMALL, "--arch", "mine.yaml", "--out", folder, status=2)
    assert told.startswith(f"out: {folder} exists and must not be overwritten: it holds a run on another architecture;")
    assert Path(folder, "summary.json").read_bytes() == before
    told = _told(capsys, *SMALL, "--arch", "mine.yaml", "--force")
    assert told == f"written to {folder}, in the place of what was there"


def test_what_another_result_is_of_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    _told(capsys, *SMALL, "--out", "o")
    for given, words in (
        (["--seed", "3", "--batch", "2"], "a run with another batch and seed;"),
        (["--set", "array.rows=8", "--sharing", "channel2"], "on another architecture, under another sharing;"),
        (["--set", "timesteps=16", "--rate", "0.1"], "a run of another workload, with another rate;"),
    ):
        told = _told(capsys, *SMALL, *given, "--out", "o", status=2)
        assert words in told
    Path("o/config.resolved.yaml").write_text("options: 3")
    assert "it holds a run of another LIFSim;" in _told(capsys, *SMALL, "--out", "o", status=2)


def test_what_is_no_result_is_never_in_the_way_of_the_default_folder(capsys: pytest.CaptureFixture[str]) -> None:
    first = Path("reports/lenet5_mnist-sata128-none")
    first.mkdir(parents=True)
    (first / "thesis.txt").write_text("mine")
    Path(f"{first}-2").write_text("mine")
    Path(f"{first}-3").symlink_to("elsewhere")
    assert _told(capsys, *SMALL) == f"written to {first}-4; {first} holds something else"
    assert (first / "thesis.txt").read_text() == Path(f"{first}-2").read_text() == "mine"
    assert "must hold nothing but an earlier result" in _told(capsys, *SMALL, "--force", status=2)
    assert not Path("elsewhere").exists()


def test_a_result_of_another_lifsim_is_another_result(result: Result) -> None:
    save(result, Path("r"), replace=False)
    summary = Path("r/summary.json")
    summary.write_text(summary.read_text().replace('"lifsim_version": "', '"lifsim_version": "0.'))
    saved = save(result, Path("r"), replace=False, number=True)
    assert (saved.path, saved.asked, saved.held) == (Path("r-2"), Path("r"), False)


def test_results_of_one_name_at_once_all_stay(result: Result) -> None:
    others = [lifsim.run(workload="lenet5_mnist", seed=seed) for seed in range(3)]
    barrier, found = threading.Barrier(6), []

    def write(one: Result) -> None:
        barrier.wait()
        found.append(save(one, Path("r"), replace=False, number=True).path)

    threads = [threading.Thread(target=write, args=(one,)) for one in [*others, *others]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(path.name for path in Path().iterdir()) == ["r", "r-2", "r-3"]
    assert sorted(set(map(str, found))) == ["r", "r-2", "r-3"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_told(result: Result) -> None:
    Path("reports").mkdir(mode=0o500)
    with pytest.raises(lifsim.InputError, match="must be a place to write to"):
        save(result, Path("reports/r"), replace=False, number=True, extras=Extras())


def test_what_runs_write_is_no_change_of_the_checkout(tmp_path: Path) -> None:
    if shutil.which("git") is None:
        pytest.skip("needs git")
    copy = copy_checkout(tmp_path / "checkout")
    for name in ("reports", "results", "figures", "sweeps"):
        (copy / name / "one").mkdir(parents=True)
        (copy / name / "one" / "summary.json").write_text("{}")
        (copy / name / "fig9.png").write_bytes(b"")
    assert changes(copy) == ""
    command = ["git", "-C", str(ROOT), "ls-files", "reports"]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
