"""Is a file that was given to the wrong option told for what it is, and where it belongs, in one line?"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from lifsim.cli.main import main
from lifsim.config.document import read_document
from lifsim.config.file_kind import ARCH, DEVICE, WORKLOAD, tree_kind
from tests.checkout import ROOT

SMALL = ["--workload", "lenet5_mnist"]
ENGINE = [*SMALL, "--spikes", "engine"]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One of every kind, by its name."""
    folder = tmp_path_factory.mktemp("files")
    shutil.copy(ROOT / "arch_configs" / "sata128.yaml", folder / "arch.yaml")
    shutil.copy(ROOT / "workloads" / "lenet5_mnist.yaml", folder / "net.yaml")
    shutil.copy(ROOT / "arch_configs" / "dram" / "hbm2.yaml", folder / "dram.yaml")
    (folder / "sweep.yaml").write_text("workload: lenet5_mnist\nvary: {array.rows: [4]}\nset: {dram.model: ideal}\n")
    weights = {"conv1.weight": np.zeros((6, 1, 5, 5), np.float32), "conv1.bias": np.zeros(6, np.float32)}
    np.savez(folder / "weights.npz", **weights)
    parts = {"x_train": np.zeros((2, 1, 8, 8)), "y_train": np.zeros(2, int)}
    np.savez(folder / "data.npz", **parts, **{name.replace("train", "test"): part for name, part in parts.items()})
    assert main(["trace", "make", *SMALL, "--out", str(folder / "trace.npz")]) == 0
    assert main(["run", *SMALL, "--set", "dram.model=ideal", "--out", str(folder / "result")]) == 0
    assert main(["sweep", str(folder / "sweep.yaml"), "--jobs", "1", "--out", str(folder / "store")]) == 0
    shutil.copy(folder / "result" / "config.resolved.yaml", folder / "config.yaml")
    for name in ("network.onnx", "network.nir"):
        shutil.copy(ROOT / "docs" / "samples" / name, folder)
    return folder


SWAPPED = [
    *[(["run", *SMALL, "--arch"], name) for name in
      ("net.yaml", "dram.yaml", "sweep.yaml", "config.yaml", "trace.npz", "weights.npz", "store", "result")],
    *[(["run", "--workload"], name) for name in ("arch.yaml", "dram.yaml", "sweep.yaml", "trace.npz", "result")],
    *[(["run", *SMALL, "--dram"], name) for name in ("arch.yaml", "net.yaml", "trace.npz")],
    *[(["run", *SMALL, "--trace"], name) for name in ("arch.yaml", "net.yaml", "weights.npz", "data.npz", "store")],
    *[(["run", *ENGINE, "--weights"], name) for name in ("net.yaml", "trace.npz", "data.npz")],
    *[(["run", *ENGINE, "--images"], name) for name in ("trace.npz", "weights.npz", "data.npz")],
    *[(["run", "--config"], name) for name in ("arch.yaml", "net.yaml", "dram.yaml", "sweep.yaml", "trace.npz")],
    *[(["sweep"], name) for name in ("arch.yaml", "net.yaml", "dram.yaml", "trace.npz")],
    *[([command, "--layer", "conv1", "--arch"], "net.yaml") for command in ("explain",)],
    *[(["sweep", *SMALL, "--arch"], name) for name in ("net.yaml", "dram.yaml", "store")],
    *[(["optimize", "--workload"], name) for name in ("arch.yaml", "sweep.yaml")],
    *[(["memory", option], name) for option, name in (("--workload", "arch.yaml"), ("--arch", "net.yaml"))],
    *[(["train", "--out", "o.npz", "--workload"], name) for name in ("arch.yaml", "weights.npz")],
    *[(["train", *SMALL, "--out", "o.npz", "--data"], name) for name in ("trace.npz", "net.yaml")],
    *[(["store", "show"], name) for name in ("net.yaml", "result", "trace.npz")],
    *[(["plot", "fig9", "--part", "top"], name) for name in ("store", "net.yaml")],
    *[(["plot", "fig6"], name) for name in ("store", "result")],
    *[(["check"], name) for name in ("sweep.yaml", "config.yaml", "trace.npz")],
    *[(["dram-bench", "--pattern", "random", "--dram"], name) for name in ("arch.yaml", "net.yaml")],
    *[(["dram-bench", "--dram", "hbm2"], name) for name in ("trace.npz", "store")],
    *[(["trace", "info"], name) for name in ("net.yaml", "weights.npz")],
    *[(["import", "torch", *SMALL, "--out", "o.npz"], name) for name in ("trace.npz", "net.yaml")],
    *[(["workload", "show"], name) for name in ("arch.yaml", "trace.npz", "network.onnx", "network.nir")],
    *[(["import", "onnx", "--timesteps", "2"], name) for name in ("net.yaml", "weights.npz", "network.nir")],
    *[(["run", *ENGINE, "--weights"], name) for name in ("network.onnx",)],
]  # fmt: skip
KINDS = {
    "arch.yaml": "an architecture", "net.yaml": "a workload", "dram.yaml": "a DRAM device",
    "sweep.yaml": "a sweep file",
    "config.yaml": "the configuration of a run", "trace.npz": "a spike trace", "weights.npz": "weights",
    "data.npz": "a data set", "store": "the store of a sweep", "result": "the folder of a run",
    "network.onnx": "a network of ONNX", "network.nir": "a graph of NIR",
}  # fmt: skip


@pytest.mark.parametrize(("command", "name"), SWAPPED, ids=lambda part: part if isinstance(part, str) else part[-1])
def test_a_file_of_another_kind_is_told_for_what_it_is(
    command: list[str],
    name: str,
    files: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([*command, str(files / name)]) == 2
    (fault,) = (line for line in capsys.readouterr().err.splitlines() if line.startswith(str(files / name)))
    assert f"; it is {KINDS[name]}" in fault
    assert list(tmp_path.iterdir()) == []


def test_a_device_can_be_checked_alone(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", *(str(files / name) for name in ("arch.yaml", "net.yaml", "dram.yaml"))]) == 0
    assert "dram.yaml: ok (DRAM device)" in capsys.readouterr().out


def test_every_shipped_file_is_known_by_its_keys_or_is_not_clear() -> None:
    """A workload that extends another one may say next to nothing."""
    for folder, kind in (("arch_configs", ARCH), ("arch_configs/dram", DEVICE), ("workloads", WORKLOAD)):
        kinds = {tree_kind(read_document(path).data) for path in sorted((ROOT / folder).glob("*.yaml"))}
        assert kind in kinds
        assert kinds <= {kind, ""} if folder == "workloads" else kinds == {kind}


def test_a_file_of_its_own_kind_is_judged_key_by_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.yaml").write_text("name: mine\narray: {rows: 4}\nlayers: []\nclock_hz: fast\n")
    assert main(["run", "--arch", "mine.yaml"]) == 2
    told = capsys.readouterr().err
    assert "it is" not in told
    assert "layers: is not a known key" in told
