"""Do fig1 and fig7 show the bytes of `lifsim memory`?"""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from lifsim.cli.main import main

WORKLOAD = ("--workload", "resnet19_cifar10", "--batch", "2")


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _rows(path: str) -> list[dict[str, str]]:
    with Path(path).open() as file:
        return list(csv.DictReader(file))


def test_fig1_parts_the_memory_of_both_phases(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["memory", *WORKLOAD, "--sharing", "none", "--format", "json"]) == 0
    memory = json.loads(capsys.readouterr().out)[0]["memory_bytes"]
    assert main(["plot", "fig1", *WORKLOAD, "--out", "one.png"]) == 0
    assert Path("one.png").read_bytes().startswith(b"\x89PNG")
    for row in _rows("one.csv"):
        expected = memory[row["phase"]]
        parts = ("weights", "lif", "activations")
        assert {part: int(row[f"{part}_bytes"]) for part in parts} == {part: expected[part] for part in parts}
        assert sum(float(row[f"{part}_share"]) for part in parts) == pytest.approx(1)


def test_fig7_compares_with_none_whether_it_is_named_or_not(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plot", "fig7", *WORKLOAD, "--sharing", "channel4", "--out", "a.svg"]) == 0
    assert main(["plot", "fig7", *WORKLOAD, "--sharing", "none,channel4", "--out", "b.svg"]) == 0
    assert Path("a.csv").read_text() == Path("b.csv").read_text()
    rows = _rows("a.csv")
    assert {row["membrane_bits"] for row in rows} == {"8", "16", "32"}
    assert {row["membrane_bits"] for row in rows if row["weights_bytes"]} == {"16"}  # a machine that trains has them
    found = {(row["sharing"], row["phase"]): int(row["lif_bytes"]) for row in rows if row["membrane_bits"] == "16"}
    assert found["none", "forward"] == 4 * found["channel4", "forward"]
    forgotten = found["none", "backward_reversed"] - found["none", "forward"]
    assert forgotten == found["none", "backward_stored"] // 8  # 2 of the 16 bits of every call
    assert found["channel4", "backward_reversed"] == found["channel4", "forward"] + forgotten
    assert found["channel4", "backward_recomputed"] == found["none", "backward_recomputed"] == 0
    assert found["none", "backward_stored"] == found["channel4", "backward_stored"]
    assert found["none", "backward_paper"] == 20 * found["channel4", "backward_paper"]


@pytest.mark.parametrize("figure", ["fig1", "fig7"])
def test_nonsense_draws_nothing(figure: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plot", figure, "--workload", "resnet91_cifar10", "--arch", "sata182", "--batch", "-1"]) == 2
    err = capsys.readouterr().err
    for part in ("resnet19_cifar10", "sata128", "batch: -1 must be >= 1"):
        assert part in err
    assert not Path("reports").exists()
