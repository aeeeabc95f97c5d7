"""A figure is a file: what draws on a screen, or in a notebook that starts the command, is not asked for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("backend", ["nosuch", "module://matplotlib_inline.backend_inline"])
def test_a_backend_that_is_not_there_is_not_missed(backend: str, tmp_path: Path) -> None:
    drawn = subprocess.run(
        [sys.executable, "-m", "lifsim", "plot", "fig1", "--workload", "lenet5_mnist", "--out", "a.png"],
        cwd=tmp_path,
        env={**os.environ, "MPLBACKEND": backend},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (drawn.returncode, drawn.stderr) == (0, "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "a.png"]
