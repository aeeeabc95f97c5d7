"""Does a library that dies over a file end the process that reads the file, and nothing else?"""

from __future__ import annotations

import os
import signal
from importlib import import_module
from pathlib import Path

import pytest

from lifsim.errors import Fault, InputError
from lifsim.processes.apart import read_apart
from tests.checkout import ROOT


@pytest.fixture(autouse=True)
def readers_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of this file, by the process that reads."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def pid_and_text(path: Path) -> tuple[int, str]:
    return os.getpid(), path.read_text()


def refuses(path: Path) -> str:
    raise InputError(Fault("is not wanted", source=str(path)))


def crashes(_: Path) -> str:
    os.kill(os.getpid(), signal.SIGSEGV)
    return "unreachable"


def test_a_file_is_read_by_another_process(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("words")
    pid, text = read_apart(pid_and_text, tmp_path / "file", "a library")
    assert (text, pid == os.getpid()) == ("words", False)


def test_what_it_refuses_is_refused_here(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="file: is not wanted"):
        read_apart(refuses, tmp_path / "file", "a library")


def test_a_file_over_which_the_library_crashes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="file: is damaged: a library ends with exit code -11 over it"):
        read_apart(crashes, tmp_path / "file", "a library")


@pytest.mark.parametrize(
    ("module", "reader", "library", "package"),
    [
        ("lifsim.interchange.onnx.file", "read_onnx", "ONNX's library", "onnx"),
        ("lifsim.interchange.nir_file", "read_nir", "HDF5's library", "h5py"),
    ],
)
def test_both_formats_are_read_so(
    module: str, reader: str, library: str, package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip(package)
    monkeypatch.setattr(f"{module}.read_here", crashes)
    read = getattr(import_module(module), reader)
    with pytest.raises(InputError, match=f"file: is damaged: {library} ends with exit code -11"):
        read(tmp_path / "file")
