"""Does `lifsim train` write weights, stop without losing an epoch, and refuse with exit code 2?"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from lifsim.cli.main import main
from tests.workload.texts import trainable

WORKLOAD = trainable(behind="  - {name: pool, op: max_pool, kernel: 2}\n")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    rng = np.random.default_rng(0)
    x, y = rng.random((40, 1, 4, 4)), rng.integers(0, 2, 40)
    x[y == 1] *= 0.3
    np.savez(tmp_path / "data.npz", x_train=x[:32], y_train=y[:32], x_test=x[32:], y_test=y[32:])
    (tmp_path / "tiny.yaml").write_text(WORKLOAD)
    monkeypatch.chdir(tmp_path)
    return tmp_path


ARGUMENTS = ["train", "--workload", "tiny.yaml", "--data", "data.npz", "--out", "w.npz"]


def test_does_it_write_weights_that_a_second_run_does_not_replace(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*ARGUMENTS, "--epochs", "3", "--membranes", "reversed", "--sharing", "channel2"]) == 0
    assert "test accuracy" in capsys.readouterr().out
    before = (folder / "w.npz").read_bytes()
    assert main([*ARGUMENTS, "--epochs", "1"]) == 2
    assert "--force" in capsys.readouterr().err
    assert (folder / "w.npz").read_bytes() == before
    assert main([*ARGUMENTS, "--epochs", "1", "--force", "--optimiser", "sgd", "--format", "json"]) == 0
    assert '"accuracy"' in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--set", "neuron.reset=sfot"], "neuron.reset"),
        (["--set", "timesteps=0"], "timesteps"),
        (["--sharing", "channel3"], "lif1"),
        (["--sharing", "chanel2"], "did you mean"),
        (["--membranes", "reversed", "--set", "neuron.reset=hard"], "hard reset"),
        (["--set", "input.shape=[1, 5, 4]"], "images [1, 4, 4] must be [1, 5, 4]"),
        (["--data", "digits"], "[1, 8, 8]"),
        (["--data", "missing.npz"], "missing.npz"),
        (["--rate", "-1"], "learning rate"),
        (["--batch", "33"], "32 training images"),
        (["--resume"], "w.checkpoint.npz"),
    ],
)
def test_is_what_cannot_be_trained_refused_with_the_reason(
    folder: Path, capsys: pytest.CaptureFixture[str], options: list[str], reason: str
) -> None:
    assert main([*ARGUMENTS, "--epochs", "1", *options]) == 2
    assert reason in capsys.readouterr().err
    assert not (folder / "w.npz").exists()


@pytest.mark.slow
def test_does_ctrl_c_keep_the_last_epoch(folder: Path) -> None:
    command = [sys.executable, "-m", "lifsim", *ARGUMENTS, "--epochs", "100000"]
    root = str(Path(__file__).parents[2])
    process = subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": root}, cwd=folder
    )
    deadline = time.monotonic() + 120
    while not (folder / "w.npz").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "--resume goes on" in error
    with np.load(folder / "w.npz") as weights:
        assert set(weights) >= {"conv1.weight", "fc.bias"}


@pytest.mark.parametrize("command", [["train", "--out", "w.npz", "--data", "d.npz"], ["gradients", "--data", "random"]])
def test_a_network_without_classes_is_refused(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    images, labels = np.zeros((4, 1, 4, 4)), np.arange(4)
    np.savez("d.npz", x_train=images, y_train=labels, x_test=images, y_test=labels)
    Path("map.yaml").write_text(
        "{name: map, timesteps: 2, input: {shape: [1, 4, 4]},"
        " layers: [{name: conv1, op: conv, out: 2, kernel: 1}, {name: lif1, op: lif}]}\n"
    )
    assert main([*command, "--workload", "map.yaml"]) == 2
    assert "lif1: is the last layer and puts out a map, 2 x 4 x 4: map must end in a" in capsys.readouterr().err
