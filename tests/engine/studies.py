"""A study that takes seconds: a tiny network, two sharings, two seeds."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lifsim.config.workload import load_workload
from lifsim.engine.data import Dataset, load_dataset
from lifsim.model.network import Network
from tests.workload.texts import trainable

SECOND_LAYER = """\
  - {name: conv2, op: conv, out: 4, kernel: 3, padding: 1, batch_norm: true}
  - {name: lif2, op: lif}
"""
WORKLOAD = trainable(behind=SECOND_LAYER)


def write_study_inputs(folder: Path) -> None:
    """The network, and images of two classes."""
    rng = np.random.default_rng(0)
    x, y = rng.random((110, 1, 4, 4)), rng.integers(0, 2, 110)
    x[y == 1, :, :2] *= 0.2
    np.savez(folder / "data.npz", x_train=x[:40], y_train=y[:40], x_test=x[40:], y_test=y[40:])
    (folder / "tiny.yaml").write_text(WORKLOAD)


def study_arguments(folder: Path) -> list[str]:
    """The command, whose study is `folder`/out."""
    names = ["--workload", str(folder / "tiny.yaml"), "--data", str(folder / "data.npz"), "--out", str(folder / "out")]
    return ["study", *names, "--sharing", "none,layer", "--seeds", "2", "--epochs", "4", "--jobs", "1"]


def study_inputs(folder: Path) -> tuple[Network, Dataset]:
    """As they are read."""
    network = load_workload(str(folder / "tiny.yaml"))
    return network, load_dataset(str(folder / "data.npz"), network)
