"""Are sharings that nobody asked for left out where a network cannot have them, and are those asked for refused?"""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from lifsim.cli.main import main

NOTE = "note: channel4 is left out, lenet5_mnist cannot have it: sharing: channel4 must divide the 6 channels"


def test_memory_leaves_out_what_does_not_fit(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["memory", "--workload", "lenet5_mnist", "--format", "csv"]) == 0
    out, err = capsys.readouterr()
    rows = csv.DictReader(io.StringIO(out))
    assert [row["sharing"] for row in rows] == ["none", "layer", "channel2", "layer+channel2"]
    for sharing in ("channel4", "layer+channel4"):
        assert f"note: left out, lenet5_mnist cannot have {sharing}: {sharing} must divide the 6 channels" in err


@pytest.mark.parametrize(
    ("arguments", "dashes"),
    [
        (["--workload", "lenet5_mnist"], [("lenet5_mnist", "channel4"), ("lenet5_mnist", "layer+channel4")]),
        (["--workload", "lenet5_mnist,vgg9_cifar10", "--sharing", "none,channel4"], [("lenet5_mnist", "channel4")]),
    ],
    ids=["usual", "asked for"],
)
def test_memory_prints_dashes_where_a_sharing_does_not_fit_and_the_reason_below(
    arguments: list[str],
    dashes: list[tuple[str, str]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert main(["memory", *arguments]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in out.splitlines() if "│" in line]
    assert [(row[0], row[1]) for row in rows if row[3:] == ["-"] * 8] == dashes
    assert all("-" not in row[3:6] for row in rows if (row[0], row[1]) not in dashes)
    told = " ".join(out.split())
    for workload, sharing in dashes:
        assert f"- {workload} cannot have {sharing}: {sharing} must divide the 6 channels of lif1" in told


def test_memory_refuses_what_was_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["memory", "--workload", "lenet5_mnist", "--sharing", "none,channel4"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "channel4 must divide the 6 channels" in err


def test_fig9_leaves_out_what_does_not_fit(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["plot", "fig9", "--part", "top", "--workload", "lenet5_mnist", "--out", "fig9.png"]) == 0
    with Path("fig9.csv").open() as file:
        rows = [(row["idle_units"], row["sharing"], row["lif_units"]) for row in csv.DictReader(file)]
    runs = [("none", "128"), ("none", "64"), ("channel2", "64")]
    assert rows == [(idle, *run) for idle in ("toggles", "clock_gated") for run in runs]
    assert NOTE in capsys.readouterr().err


def test_what_fits_is_looked_at_without_a_note(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["memory", "--workload", "vgg9_cifar10", "--format", "csv"]) == 0
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 1 + 6
    assert err == ""
