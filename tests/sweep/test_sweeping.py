"""Does a sweep hold what single runs give, whatever happens to it on the way?"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import lifsim
from lifsim.cli.main import main
from lifsim.config.resolve import find
from lifsim.sweeps.run import failures, refuse_if_all_failed
from lifsim.sweeps.store import Store
from lifsim.sweeps.stored_row import Row

SMALL = ("--workload", "lenet5_mnist")
SPACE = (*SMALL, "--sharing", "none,channel2", "--vary", "buffers.membrane.size_bytes=1KiB:8KiB:x2", "--vary",
         "array.rows=4,8,16")  # fmt: skip


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _lifsim(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(list(arguments))
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return status, captured.out, captured.err


def _rows(path: str) -> list[Row]:
    with Store.read(Path(path)) as store:
        return list(store.rows())


@pytest.mark.slow
def test_every_row_is_the_run_with_its_settings(capsys: pytest.CaptureFixture[str]) -> None:
    assert _lifsim(capsys, "sweep", *SPACE, "--batch", "1,2", "--seed", "3", "--out", "s")[0] == 0
    rows = _rows("s")
    assert [row.point for row in rows] == list(range(48))
    for row in rows[::7]:
        overrides = [f"{key}={row.settings[key]}" for key in ("buffers.membrane.size_bytes", "array.rows")]
        batch = row.settings["batch"]
        run = lifsim.run("sata128", "lenet5_mnist", row.settings["sharing"], batch=batch, seed=3, overrides=overrides)
        assert row.figures == run.totals.figures


def test_a_row_knows_its_dram_by_content(capsys: pytest.CaptureFixture[str], own_folder: Path) -> None:
    shipped = find("dram", "ddr4_2400").read_text()
    keys = []
    for current in (80, 90):
        (own_folder / "own.yaml").write_text(shipped.replace("IDD0: 80", f"IDD0: {current}"))
        store = f"s{current}"
        settings = ["--set", "dram.model=cycle", "--set", "dram.device=own.yaml"]
        assert _lifsim(capsys, "sweep", *SMALL, *settings, "--out", store)[0] == 0
        keys += [row.key for row in _rows(store)]
    assert len(set(keys)) == 2


def test_a_row_has_the_figures_of_summary_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert _lifsim(capsys, "sweep", *SMALL, "--sharing", "channel2", "--out", "s")[0] == 0
    assert _lifsim(capsys, "run", *SMALL, "--sharing", "channel2", "--out", "r")[0] == 0
    summary = json.loads(Path("r/summary.json").read_text())
    figures = _rows("s")[0].figures
    for key in ("cycles.total", "dram_bytes.weights", "time_s", "area_mm2", "energy_pj.total.work", "lif_units"):
        value: Any = summary
        for part in key.split("."):
            value = value[part]
        assert figures[key] == value
    assert figures["energy_pj.total"] == summary["energy_pj"]["total"]["total"]
    assert figures["energy_pj.compute.lif"] == summary["energy_pj"]["compute"]["lif"]["total"]


def test_a_trace_is_swept_as_it_is_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", "make", *SMALL, "--out", "t.npz"]) == 0
    vary = ("--vary", "array.sparsity=gate,none")
    assert _lifsim(capsys, "sweep", *SMALL, "--trace", "t.npz", *vary, "--out", "s")[0] == 0
    for row in _rows("s"):
        overrides = [f"array.sparsity={row.settings['array.sparsity']}"]
        assert row.figures == lifsim.run(workload="lenet5_mnist", trace="t.npz", overrides=overrides).totals.figures


@pytest.mark.slow
def test_the_count_of_processes_changes_no_bit(capsys: pytest.CaptureFixture[str]) -> None:
    for jobs in ("1", "3"):
        assert _lifsim(capsys, "sweep", *SPACE, "--jobs", jobs, "--out", jobs)[0] == 0
        assert _lifsim(capsys, "store", "export", jobs)[0] == 0
    assert Path("1.csv").read_bytes() == Path("3.csv").read_bytes()


def test_a_sweep_that_is_there_is_not_run_again(capsys: pytest.CaptureFixture[str]) -> None:
    assert "24 points (24 new" in _lifsim(capsys, "sweep", *SPACE, "--out", "s")[2]
    before = Path("s").read_bytes()
    assert "24 points (0 new" in _lifsim(capsys, "sweep", *SPACE, "--out", "s")[2]
    assert Path("s").read_bytes() == before


@pytest.mark.slow
def test_a_sample_and_the_rest_make_the_whole(capsys: pytest.CaptureFixture[str]) -> None:
    assert "5 points (5 new" in _lifsim(capsys, "sweep", *SPACE, "--sample", "5", "--out", "s")[2]
    assert "24 points (19 new" in _lifsim(capsys, "sweep", *SPACE, "--out", "s")[2]
    assert _lifsim(capsys, "sweep", *SPACE, "--out", "whole")[0] == 0
    assert _rows("s") == _rows("whole")


def _start(*arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "lifsim", "sweep", *arguments]
    environment = os.environ | {"PYTHONPATH": str(Path(lifsim.__file__).parents[1])}
    return subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL, start_new_session=True)


def _count(path: str) -> int:
    if not Path(path).exists():
        return 0
    with Store.read(Path(path)) as store:
        return len(store.points())


def _export(capsys: pytest.CaptureFixture[str], path: str, form: str) -> bytes:
    assert _lifsim(capsys, "store", "export", path, "--format", form)[0] == 0
    return Path(f"{path}.{form}").read_bytes()


@pytest.mark.slow
def test_a_sweep_that_is_killed_or_interrupted_goes_on_to_the_same_table(
    capsys: pytest.CaptureFixture[str],
) -> None:
    space = (*SMALL, "--sharing", "none,channel2", "--vary", "buffers.membrane.size_bytes=1KiB:60KiB:+1KiB")
    for how, more in ((signal.SIGKILL, 3), (signal.SIGINT, 20), (signal.SIGKILL, 1)):
        enough = _count("s") + more
        sweep = _start(*space, "--out", "s", "--jobs", "2")
        deadline = time.monotonic() + 60
        while _count("s") < enough and sweep.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        sweep.send_signal(how)
        sweep.wait(timeout=60)
        assert _count("s") >= enough
    assert 24 <= _count("s") < 120
    assert _lifsim(capsys, "sweep", *space, "--out", "s")[0] == 0
    assert _lifsim(capsys, "sweep", *space, "--out", "undisturbed")[0] == 0
    assert _rows("s") == _rows("undisturbed")
    assert _export(capsys, "s", "csv") == _export(capsys, "undisturbed", "csv")


def test_a_point_that_fails_is_a_row_and_the_others_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = _lifsim(capsys, "sweep", *SMALL, "--sharing", "none,channel4", "--out", "s")
    assert status == 0
    assert "1 failed" in err
    assert re.search(r"failed 1: \S*lenet5_mnist.yaml:\d+:\d+ sharing: channel4 must divide", err)
    told = "1 of 2 points failed, the other one has figures (store export has the reason of each)"
    assert told in err
    good, failed = _rows("s")
    assert (good.settings["sharing"], good.error) == ("none", None)
    assert failed.settings["sharing"] == "channel4"
    assert failed.error is not None
    assert "channel4 must divide the 6 channels of" in failed.error
    resumed = _lifsim(capsys, "sweep", *SMALL, "--sharing", "none,channel4", "--out", "s")
    assert resumed[0] == 0
    assert "0 new" in resumed[2]
    assert told in resumed[2]
    again = _lifsim(capsys, "sweep", *SMALL, "--sharing", "none,channel4", "--out", "s", "--retry-failed")[2]
    assert "(1 new, 1 failed" in again


@pytest.mark.parametrize(
    ("sharings", "most"),
    [
        ("none", ""),
        ("none,layer", ""),
        ("none,channel3", "channel3"),
        ("none,channel3,layer+channel2", "channel3"),
        ("channel2", ""),
    ],
)
def test_sharings_that_leave_fewer_lif_units_are_no_comparison_of_sharing_alone(
    sharings: str, most: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "400")  # a note is one line
    status, _, err = _lifsim(capsys, "sweep", *SMALL, "--sharing", sharings, "--share-where-possible", "--out", "s")
    assert status == 0
    told = [line for line in err.splitlines() if line.startswith("assumption: sharing: ")]
    assert len(told) == bool(most)
    assert all(f"{most}-where-possible leaves 1 of 3 LIF units that none has" in line for line in told)
    shown = _lifsim(capsys, "store", "show", "s")[1]
    notes = [line for line in shown.splitlines() if line.startswith("note: sharing: ")]
    assert notes == [line.replace("assumption:", "note:") for line in told]
    assert "note: sharing:" not in _lifsim(capsys, "store", "show", "s", "--where", "sharing = none")[1]


def test_each_reason_of_a_sweep_of_nothing_but_failures_says_how_many_points_it_is_of() -> None:
    errors = {f"reason {number}": 10 - number for number in range(7)}
    refuse_if_all_failed(errors, 100)
    with pytest.raises(lifsim.InputError) as refused:
        refuse_if_all_failed(errors, 49)
    lines = str(refused.value).splitlines()
    assert lines[0] == "every point fails, 10 of 49: reason 0"
    assert lines[4:] == ["every point fails, 6 of 49: reason 4", "every point fails, 9 of 49: for 2 other reasons"]


def test_a_sweep_of_nothing_but_failures_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = _lifsim(capsys, "sweep", *SMALL, "--sharing", "channel4", "--out", "s")
    assert status == 2
    assert re.search(r"every point fails: \S*lenet5_mnist.yaml:\d+:\d+ sharing: channel4 must divide", err)
    assert "failed 1: " not in err  # it is told once


def test_of_many_reasons_the_rest_are_counted() -> None:
    errors = {f"reason {number}": 9 - number for number in range(7)}
    lines = list(failures(errors, 100))
    assert lines[:2] == ["failed 9: reason 0", "failed 8: reason 1"]
    assert lines[5:] == [
        "failed 7: for 2 other reasons",
        "42 of 100 points failed, the other 58 have figures (store export has the reason of each)",
    ]
    assert list(failures({}, 100)) == []


def test_a_dry_run_counts_and_estimates_and_leaves_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = _lifsim(capsys, "sweep", *SPACE, "--dry-run", "--jobs", "2")
    assert status == 0
    assert "24 points" in out
    assert "  buffers.membrane.size_bytes: 1 KiB, 2 KiB, 4 KiB, 8 KiB\n" in out
    assert "s on 2 processes" in out
    assert not list(Path().iterdir())


def test_a_dry_run_says_that_points_fail(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lifsim.sweeps.estimate.SECONDS", 600.0)  # the first point may have to compile
    vary = ("--vary", "array.rows=1:9", "--vary", "dram.model=ideal,bandwidth")
    status, out, err = _lifsim(capsys, "sweep", *SMALL, *vary, "--dry-run")
    assert status == 0
    assert "  array.rows: 1, 2, ..., 9 (9 values)\n" in out
    assert "dram.bandwidth_bytes_per_s: must be given with model: bandwidth" in err
    assert err.startswith("failed 9: ")
    status, out, err = _lifsim(capsys, "sweep", *SMALL, *vary[:2], "--set", "dram.model=bandwidth", "--dry-run")
    assert (status, out.count("9 points")) == (2, 2)
    assert err.startswith("every point run just now fails: ")


@pytest.mark.parametrize(
    ("axis", "code", "told", "failed"),
    [
        ("array.rows=1,8", 0, "s on 1 process, by 2 points run just now\n", ""),
        ("buffers.membrane.size_bytes=0,1KiB", 0, "by 2 points run just now, 1 of which failed", "failed 1: "),
        ("buffers.membrane.size_bytes=0", 2, "no estimate: 1 point run just now, and every one failed", "fails: "),
    ],
)
def test_a_dry_run_says_how_many_of_the_points_failed_and_why(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, axis: str, code: int, told: str, failed: str
) -> None:
    monkeypatch.setattr("lifsim.sweeps.estimate.SECONDS", 600.0)  # the first point may have to compile
    given = ("--schedule", "timestep", "--vary", axis, "--dry-run", "--jobs", "1")
    status, out, err = _lifsim(capsys, "sweep", *SMALL, *given)
    assert status == code
    assert told in out
    assert failed in err
    assert ("buffers.membrane.size_bytes: 0 must be > 0" in err) == bool(failed)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--vary", "buffers.wieght.size_bytes=1,2", "--out", "s"], "did you mean 'weight'"),
        (["--vary", "array.rows=1:8:x1", "--out", "s"], "never ends"),
        (["--vary", "array.rows=1:1000", "--vary", "array.cols=1:1000", "--vary", "batch=1:1000", "--out", "s"],
         "1,000,000,000 points"),
        (["absent.yaml", "--out", "s"], "absent.yaml"),
        (["--out", "s", "--jobs", "0"], "--jobs"),
        (["--out", "s", "--scheduler", "tcp://127.0.0.1:x"], "must be the address of a running Dask scheduler"),
    ],
)  # fmt: skip
def test_nonsense_is_refused_with_its_reason(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    status, out, err = _lifsim(capsys, "sweep", *SMALL, *arguments)
    assert (status, out) == (2, "")
    assert message in err


def test_the_store_of_another_space_is_refused_and_kept(capsys: pytest.CaptureFixture[str]) -> None:
    assert _lifsim(capsys, "sweep", *SMALL, "--vary", "array.rows=4,8", "--out", "s")[0] == 0
    before = Path("s").read_bytes()
    for other in (["--vary", "array.rows=4,16"], ["--set", "clock_hz=100MHz", "--vary", "array.rows=4,8"]):
        status, _, err = _lifsim(capsys, "sweep", *SMALL, *other, "--out", "s")
        assert status == 2
        assert "s: holds another sweep" in err
    assert Path("s").read_bytes() == before
