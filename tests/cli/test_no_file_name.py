"""An --out that names no file, as that of a shell's variable that is not set, is refused by every command that puts
something beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from lifsim.cli.main import main
from tests.checkout import ROOT

SAMPLES = ROOT / "docs" / "samples"
COMMANDS = {
    "train": ["train", "--workload", "digits_cnn", "--epochs", "1", "--force"],
    "picture": ["plot", "fig1"],
    "pictures": ["plot", "fig1", "--format", "png,pdf"],
    "nir": ["import", "nir", str(SAMPLES / "network.nir"), "--timesteps", "4"],
    "onnx": ["import", "onnx", str(SAMPLES / "network.onnx"), "--timesteps", "4"],
    "scalesim": ["import", "scalesim", str(SAMPLES / "scalesim_topology.csv"), "--config",
                 str(SAMPLES / "scalesim.cfg")],
}  # fmt: skip


@pytest.mark.parametrize("out", ["", ".", "..", "/"])
@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_it_is_refused(
    command: list[str], out: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    assert main([*command, "--out", out]) == 2
    told = capsys.readouterr().err
    assert "must be the name of a file" in told or "must end in .png" in told
    assert [*tmp_path.iterdir()] == [folder]
    assert not [*folder.iterdir()]
