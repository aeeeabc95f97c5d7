"""Are the figures of a shared run whole on a terminal of 80 columns?"""

from __future__ import annotations

from pathlib import Path

import pytest

from lifsim.cli.main import main
from lifsim.report.terminal import Terminal


@pytest.mark.parametrize("sharing", ["channel2", "layer"])
def test_no_figure_is_cut_at_80_columns(
    sharing: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("lifsim.report.console.Terminal", lambda **_: Terminal(width=80, force_terminal=True))
    assert main(["run", "--workload", "vgg9_cifar10", "--sharing", sharing, "--out", str(tmp_path / "run")]) == 0
    first, _, _ = capsys.readouterr().out.partition("DRAM LPDDR3")
    assert "what of this is sharing?" in first
    assert "…" not in first
    assert "here from 104 columns on" in first
