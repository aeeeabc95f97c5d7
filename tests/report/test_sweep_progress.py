"""Does the bar of a sweep say in a narrow terminal how far it is, how long it takes, and what is best?"""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from lifsim.report import sweep_progress
from lifsim.report.sweep_progress import Progress
from lifsim.sweeps.outcome import Outcome


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_it_is_whole_in_a_narrow_terminal(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(1000))
    monkeypatch.setattr(sweep_progress.time, "monotonic", lambda: float(next(clock)))
    seen = Console(file=io.StringIO(), width=columns)
    progress = Progress(1000, 0)
    for point in range(12):
        figures = None if point == 3 else {"energy_pj.total": 1.5e8 + point}
        progress.watch(Outcome(point, str(point), figures, "" if figures else "must be", seconds=1.0))
    with seen.capture() as shown:
        seen.print(progress._bar.get_renderable())
    words = " ".join(shown.get().replace("━", " ").replace("╸", " ").split())
    assert "…" not in words
    for told in ("sweep", "12/1000", "/s, about", "s left", "1 failed", "energy_pj.total 1.5e+08 at best"):
        assert told in words
