"""Does a signal that comes while LIFSim is imported end it in words?"""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder

import pytest

from lifsim.__main__ import main


class Interrupting(MetaPathFinder):
    """Ctrl-C while the command line is imported."""

    def find_spec(self, name: str, *_: object) -> None:
        if name == "lifsim.cli.main":
            raise KeyboardInterrupt


def test_ctrl_c_during_import_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delitem(sys.modules, "lifsim.cli.main", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Interrupting(), *sys.meta_path])
    assert main() == 130
    assert capsys.readouterr().err == "lifsim: stopped by SIGINT: nothing was begun\n"


def test_otherwise_it_is_the_command_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["lifsim", "--version"])
    assert main() == 0
    assert "lifsim" in capsys.readouterr().out
