"""A figure is a file: what draws on a screen, or in a notebook that starts the command, is not asked for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lifsim.errors import InputError
from lifsim.report.figures.files import Place, save_figure


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


@pytest.mark.parametrize("date", ["abc", "1.5", "9" * 20, "9" * 5000, "\x1b[31m"])
def test_a_date_that_is_none_is_told_before_any_work(
    date: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a .pdf, for which Matplotlib reads it; other pictures are drawn whatever it is."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", date)
    with pytest.raises(
        InputError, match=r"SOURCE_DATE_EPOCH: .* must be a date in whole seconds since 1970.* unset it"
    ):
        Place((tmp_path / "a.pdf",)).check()
    Place((tmp_path / "a.png",)).check()


@pytest.mark.parametrize("date", ["", "0", "-5", "1700000000"])
def test_a_date_changes_no_figure(date: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from matplotlib.figure import Figure
    from pandas import DataFrame

    drawn = []
    for at in (None, date):
        monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
        if at is not None:
            monkeypatch.setenv("SOURCE_DATE_EPOCH", at)
        place = Place((tmp_path / "a.pdf",), force=True)
        place.check()
        save_figure(Figure(), DataFrame({"one": [1]}), place)
        drawn.append((tmp_path / "a.pdf").read_bytes())
    assert drawn[0] == drawn[1]
