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
    assert NOTE in err
    assert "note: layer+channel4 is left out" in err


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
