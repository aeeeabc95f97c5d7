"""Does every command that writes say that a disk is full, and leave what was there and nothing else?"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lifsim.cli.main import main
from tests.full_disk import full_after
from tests.workload.texts import trainable

TINY = trainable(side=8, filters=16, spikes="{source: rates, rates: {conv1: 0.2, fc: 0.2}, provenance: made up}")


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("tiny.yaml").write_text(TINY)
    rng = np.random.default_rng(0)
    x, y = rng.random((24, 1, 8, 8)), rng.integers(0, 2, 24)
    np.savez("data.npz", x_train=x[:16], y_train=y[:16], x_test=x[16:], y_test=y[16:])
    np.savez("image.npz", x=x[:8].astype(np.float32))


def _everything() -> dict[str, bytes]:
    return {str(path): path.read_bytes() if path.is_file() else b"" for path in Path().rglob("*")}


@pytest.mark.parametrize(
    ("command", "room"),
    [
        ("run --workload tiny.yaml --out {}", 1000),
        ("run --workload tiny.yaml --out new/folder/{} --timeline", 1000),
        ("run --workload tiny.yaml --out {} --dram-trace dramsim3", 1000),
        ("trace make --workload tiny.yaml --batch 8 --out {}.npz", 500),
        ("trace make --workload tiny.yaml --batch 8 --out {}.npz", 2200),
        ("trace record --workload tiny.yaml --input image.npz --out {}.npz", 1000),
        ("trace record --workload tiny.yaml --input image.npz --out t.npz --membranes {}.npz", 5000),
        ("train --workload tiny.yaml --data data.npz --epochs 1 --out {}.npz", 1000),
        ("train --workload tiny.yaml --data data.npz --epochs 1 --out {}.npz", 6000),
        ("plot fig1 --out {}.png", 1000),
        ("plot fig1 --out {}.pdf", 100),
        ("sweep --workload tiny.yaml --vary array.rows=8 --out new/{}", 1000),
        ("compare --workload tiny.yaml --sharing none,channel2 --out new/{}", 1000),
        ("init workload {}.yaml", 1000),
    ],
)
def test_a_full_disk(capfd: pytest.CaptureFixture[str], command: str, room: int) -> None:
    before = _everything()
    with full_after(room):
        status = main(command.format("out").split())
    told = capfd.readouterr().err
    assert status == 2, told
    assert "out" in told
    assert ".lifsim-" not in told
    assert "cannot be written: File too large" in told or "cannot be read or written: disk I/O error" in told
    assert "ignored" not in told  # what Python says of exceptions in destructors
    assert _everything() == before


def test_earlier_output_stays(capfd: pytest.CaptureFixture[str]) -> None:
    commands = (
        "run --workload tiny.yaml --out r --force",
        "trace make --workload tiny.yaml --batch 8 --out t.npz --force",
        "plot fig1 --out a.png --force",
        "train --workload tiny.yaml --data data.npz --epochs 1 --out w.npz --force",
    )
    for command in commands:
        assert main(command.split()) == 0
    before = _everything()
    for command in commands:
        with full_after(1000):
            assert main(command.split()) == 2
    assert _everything() == before


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full device")
@pytest.mark.parametrize("command", [["list", "archs"], ["--version"], ["memory", "--format", "csv"]])
def test_a_full_standard_output(command: list[str]) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "lifsim", *command], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 2
    assert done.stderr == "standard output: must be a place to write to; cannot be written: " + os.strerror(28) + "\n"
