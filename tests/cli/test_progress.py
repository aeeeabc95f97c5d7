"""Does long work tell how far it is and how long it will take, on stderr, also where that is no terminal?"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import lifsim.cli.watching as module
from lifsim.cli.main import main
from lifsim.sweeps import packed_rows

SWEPT = ["--workload", "lenet5_mnist", "--set", "dram.model=ideal", "--vary", "array.rows=4,8,16", "--jobs", "1"]
TRAINED = ["train", "--workload", "digits_cnn", "--batch", "512", "--set", "timesteps=1"]
LEFT = r", about [0-9,]+ s left"


@pytest.fixture(autouse=True)
def impatient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if everything took long."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(module, "LINES_S", -1.0)
    monkeypatch.setattr(module, "PATIENCE_S", -1.0)


@pytest.mark.parametrize(
    ("command", "line"),
    [
        (["sweep", *SWEPT], r"[0-9]+ s: points, 33 % of 3" + LEFT),
        (["sweep", *SWEPT, "--dry-run"], r"[0-9]+ s: points to measure, 33 % of 3" + LEFT),
        (["optimize", *SWEPT, "--minimise", "cycles.total"], r"[0-9]+ s: points, 33 % of 3" + LEFT),
        (["run", "--workload", "lenet5_mnist"], r"[0-9]+ s: sharing none: spikes, [0-9]+ % of [0-9,]+" + LEFT),
        pytest.param(
            ["plot", "fig9", "--part", "bottom", "--networks", "digits_cnn", "--mini-batch", "2", "--out", "f.png"],
            r"[0-9]+ s: part 2 of 2: schedules over buffers, 50 % of 72" + LEFT, marks=pytest.mark.slow,
        ),
        (["memory", "--workload", "lenet5_mnist", "--sharing", "none,layer"],
         r"[0-9]+ s: networks under sharings, 50 % of 2" + LEFT),
        (["validate", "--section", "satasim", "--section", "scalesim"], r"[0-9]+ s: comparing s"),
        pytest.param(
            [*TRAINED, "--epochs", "2", "--out", "w.npz"], r"epoch 1/2: loss .*" + LEFT, marks=pytest.mark.slow,
        ),
        pytest.param(
            ["study", *TRAINED[1:], "--epochs", "1", "--seeds", "2", "--sharing", "none", "--jobs", "1",
             "--out", "study"],
            r"1 of 2: none, seed 0: .* %" + LEFT, marks=pytest.mark.slow,
        ),
    ],
    ids=lambda part: part[0] if isinstance(part, list) else "",
)  # fmt: skip
def test_a_line_says_how_far_it_is(command: list[str], line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command) in (0, 1)
    found = capsys.readouterr().err.splitlines()
    assert [told for told in found if re.match(line, told)], found


def test_what_reads_files_says_how_much_it_has_read(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(packed_rows, "BATCH", 1)  # rows that are read together
    assert main(["sweep", *SWEPT, "--out", "s"]) == 0
    assert main(["trace", "make", "--workload", "lenet5_mnist", "--out", "t.npz"]) == 0
    for command, line in (
        (["store", "show", "s"], "points read, 33 % of 3"),
        (["store", "export", "s"], "points read, 33 % of 3"),
        (["trace", "info", "t.npz"], "layers, 20 % of 5"),
    ):
        capsys.readouterr()
        assert main(command) == 0
        assert line in capsys.readouterr().err


def test_work_that_is_soon_done_says_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "LINES_S", 1e9)
    monkeypatch.setattr(module, "PATIENCE_S", 1e9)
    assert main(["store", "show", "nowhere"]) == 2
    assert main(["memory", "--workload", "lenet5_mnist", "--sharing", "none"]) == 0
    assert "left" not in capsys.readouterr().err
