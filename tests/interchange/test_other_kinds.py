"""Is a file of another kind told for what it is, with the command that takes it?"""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path

import pytest

from lifsim.cli.main import main
from tests.checkout import ROOT


@pytest.mark.parametrize("folder", ["", "state/"])
@pytest.mark.parametrize("data", [b"plain", b"\xff\xfe"])
def test_files_of_pytorch_are_told(
    folder: str, data: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever they are called, and whether or not their bytes happen to be text."""
    path = tmp_path / "evil.pth"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{folder}data.pkl", data)
    assert main(["check", str(path)]) == 2
    assert "lifsim import torch" in " ".join(capsys.readouterr().err.split())


def test_pickles_are_told_by_their_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "old.pth"
    path.write_bytes(pickle.dumps({"a": 1}, protocol=2))
    assert main(["check", str(path)]) == 2
    assert "lifsim import torch" in " ".join(capsys.readouterr().err.split())


def test_a_file_of_onnx_is_no_graph_of_nir(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("h5py", reason="h5py is not installed")
    path = ROOT / "docs" / "samples" / "network.onnx"
    assert main(["import", "nir", str(path), "--timesteps", "2", "--out", str(tmp_path / "o.yaml")]) == 2
    assert "lifsim import onnx" in " ".join(capsys.readouterr().err.split())
