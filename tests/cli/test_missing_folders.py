"""Are the folders above an --out made by every command that writes one, and taken away again where it fails?"""

from __future__ import annotations

from pathlib import Path

import pytest

from lifsim.cli.main import main

SAMPLES = Path(__file__).parents[2] / "docs" / "samples"
REFERENCE = Path(__file__).parents[1] / "reference"

COMMANDS = {
    "satasim": ["import", "satasim", str(SAMPLES / "satasim_workload.yaml"), "--out", "a/b/net.yaml"],
    "satasim with an architecture": [
        "import", "satasim", str(SAMPLES / "satasim_workload.yaml"), "--arch", str(SAMPLES / "satasim_config.yaml"),
        "--out", "a/b/net.yaml", "--out-arch", "a/c/machine.yaml",
    ],
    "scalesim": ["import", "scalesim", str(SAMPLES / "scalesim_topology.csv"), "--out", "a/b/net.yaml"],
    "trace import": [
        "trace", "import", str(REFERENCE / "spike_traces" / "lenet5_mnist.npz"),
        "--workload", "lenet5_mnist", "--out", "a/b/t.npz",
    ],
    "trace make": ["trace", "make", "--workload", "lenet5_mnist", "--out", "a/b/t.npz"],
    "trace record": [
        "trace", "record", "--workload", "lenet5_mnist", "--out", "a/b/t.npz", "--membranes", "a/c/m.npz",
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", COMMANDS)
def test_missing_folders_are_made(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(COMMANDS[name]) == 0
    for path in (word for word in COMMANDS[name] if word.startswith("a/")):
        assert Path(path).stat().st_size > 0
    assert not list(tmp_path.rglob(".*"))


def test_folders_made_for_what_fails_are_taken_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.npz").write_bytes(b"PK")
    assert main(["trace", "import", "bad.npz", "--out", "a/b/t.npz"]) == 2
    assert main(["trace", "make", "--workload", "lenet5_mnist", "--rates", "7", "--out", "a/b/t.npz"]) == 2
    assert not (tmp_path / "a").exists()


def test_a_file_in_the_place_of_a_folder_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a").write_text("")
    for command in COMMANDS.values():
        assert main(command) == 2
        assert "must be a place to write to" in capsys.readouterr().err
