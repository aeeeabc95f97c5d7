"""Does a figure look the same whatever settings lie about?"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.faults.commands import LIFSIM


@pytest.mark.slow
def test_a_matplotlibrc_of_the_current_folder_changes_no_figure(tmp_path: Path) -> None:
    drawn = []
    for name, settings in (
        ("plain", ""),
        ("set", "lines.linewidth: 9\naxes.facecolor: red\nbackend: module://planted\n"),
    ):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "planted.py").write_text("raise SystemExit('ran')\n", encoding="utf-8")
        if settings:
            (folder / "matplotlibrc").write_text(settings, encoding="utf-8")
        ended = subprocess.run(
            [LIFSIM, "plot", "fig1", "--workload", "lenet5_mnist", "--out", "fig1.svg"],
            cwd=folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert ended.returncode == 0, ended.stderr
        drawn.append((folder / "fig1.svg").read_bytes())
    assert drawn[0] == drawn[1]
