"""Does the lower half of fig9 show what schedules move, and keep the sign of what sharing does?"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

import pytest

import lifsim
from lifsim.cli.main import main

TENSORS = ("weights", "spikes_in", "spikes_out", "residual", "membrane_read", "membrane_write", "psum")


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _bottom(*arguments: str) -> dict[tuple[str, str, str], Mapping[str, str]]:
    assert main(["plot", "fig9", "--part", "bottom", "--out", "fig9.png", "--force", *arguments]) == 0
    with Path("fig9.csv").open() as file:
        return {(row["schedule"], row["batch"], row["sharing"]): row for row in csv.DictReader(file)}


@pytest.mark.slow
def test_its_bytes_are_those_of_runs(capsys: pytest.CaptureFixture[str]) -> None:
    rows = _bottom("--networks", "vgg9_cifar10", "--mini-batch", "2")
    assert len(rows) == 2 * 2 * 2
    for (schedule, batch, sharing), row in rows.items():
        result = lifsim.run(workload="vgg9_cifar10", sharing=sharing, schedule=schedule, batch=int(batch))
        moved = result.totals.dram_bytes
        assert {t: int(row[f"{t}_bytes"]) for t in TENSORS} == {t: getattr(moved, t) for t in TENSORS}
        assert float(row["normalised"]) == pytest.approx(
            moved.total / int(rows[schedule, batch, "none"]["total_bytes"])
        )


@pytest.mark.slow
def test_layer_sharing_saves_membranes_timestep_major_and_loses_against_tick_batching() -> None:
    """One state of 128 KiB fits, six of them do not; weights of 15 MiB do not either."""
    rows = _bottom("--networks", "vgg16_efficientlif_cifar10", "--set", "buffers.membrane.size_bytes=128KiB")
    shared, unshared = rows["timestep", "1", "layer"], rows["timestep", "1", "none"]
    assert int(shared["membrane_read_bytes"]) < int(unshared["membrane_read_bytes"])
    assert float(shared["normalised"]) < 1
    assert int(rows["auto", "1", "none"]["membrane_read_bytes"]) == 0
    assert float(rows["auto", "1", "layer"]["normalised"]) > 1


def test_what_is_wrong_with_any_network_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["plot", "fig9", "--part", "bottom", "--networks", "vgg61,vgg9_cifar10", "--mini-batch", "0"])
    err = capsys.readouterr().err
    assert status == 2
    assert "'vgg61' must be a file or a shipped workload" in err
    assert err.count("batch: 0 must be >= 1") == 1
