"""Does a signal end every command with one line and its exit code, and leave no file and no process behind?"""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.faults.commands import Command, handles, leftovers
from tests.workload.texts import trainable

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes through /proc")

SPACE = ("--workload", "lenet5_mnist", "--vary", "array.rows=1:3000")
TRAINED = ("--workload", "tiny.yaml", "--data", "data.npz", "--epochs", "100000")
COMMANDS = {
    "run": ("run", "--batch", "4", "--timeline", "--dram-trace", "ramulator", "--out", "out"),
    "sweep": ("sweep", *SPACE, "--out", "out", "--jobs", "2"),
    "optimize": ("optimize", *SPACE, "--points", "2000", "--out", "out", "--jobs", "2"),
    "train": ("train", *TRAINED, "--out", "out.npz"),
    "study": ("study", *TRAINED, "--sharing", "none,layer", "--seeds", "2", "--jobs", "2", "--out", "out"),
    "trace make": ("trace", "make", "--workload", "vgg16_imagenet100", "--batch", "64", "--out", "out.npz"),
    "trace record": ("trace", "record", "--workload", "lenet5_mnist", "--batch", "20000", "--out", "out.npz"),
}
KEPT = {
    "sweep": "of 3,000 points are kept in out; the same command goes on",
    "optimize": "points are kept in out; the same command goes on",
    "train": "out.npz holds epoch",
    "study": "0 of 4 trainings are kept in out; the same command goes on",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a tiny network and its data."""
    rng = np.random.default_rng(0)
    x, y = rng.random((60, 1, 4, 4)), rng.integers(0, 2, 60)
    np.savez(tmp_path / "data.npz", x_train=x[:40], y_train=y[:40], x_test=x[40:], y_test=y[40:])
    (tmp_path / "tiny.yaml").write_text(trainable())
    return tmp_path


def _is_at_work(name: str, command: Command) -> bool:
    """Whether there is something to be cleaned up."""
    out = command.folder / "out"
    match name:
        case "sweep" | "optimize":
            return (
                out.exists() and out.with_name("out-wal").exists() and out.with_name("out-wal").stat().st_size > 50_000
            )
        case "study":
            return len(command.others()) == 2 and all(handles(pid, signal.SIGTERM) for pid in command.others())
        case "train":
            return out.with_suffix(".npz").exists()
        case "run" | "trace make" | "trace record":
            return bool(leftovers(command.folder))
    raise AssertionError(name)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("run", signal.SIGTERM),
        ("sweep", signal.SIGINT),
        ("sweep", signal.SIGTERM),
        ("optimize", signal.SIGHUP),
        ("train", signal.SIGTERM),
        ("study", signal.SIGINT),
        ("study", signal.SIGHUP),
        ("trace make", signal.SIGTERM),
        ("trace record", signal.SIGINT),
    ],
)
def test_a_signal_ends_a_command_with_one_line_and_nothing_left(
    folder: Path, name: str, number: signal.Signals
) -> None:
    if name == "optimize":
        pytest.importorskip("optuna")
    command = Command.start(folder, *COMMANDS[name])
    command.until(lambda: _is_at_work(name, command))
    time.sleep(0.1)
    command.process.send_signal(number)
    status, err = command.ended()
    kept = KEPT.get(name, "nothing unfinished is kept; the same command starts again")
    assert status == 128 + number, err
    *earlier, last = err.splitlines()
    assert last.startswith(f"stopped by {number.name}: ")
    assert kept in last
    progress = ("epoch ", "4 trainings of ")
    assert [line for line in earlier if not line.startswith(progress)] == []
    assert leftovers(folder) == []
    command.wait_for_others(10)


def test_what_a_killed_run_leaves_is_removed_by_the_next_run_into_the_same_place(folder: Path) -> None:
    command = Command.start(folder, *COMMANDS["run"])
    command.until(lambda: _is_at_work("run", command))
    command.process.kill()
    command.ended()
    assert leftovers(folder)
    status, err = Command.start(folder, "run", "--workload", "lenet5_mnist", "--out", "out").ended()
    assert status == 0, err
    assert leftovers(folder) == []
    assert (folder / "out" / "summary.json").exists()
