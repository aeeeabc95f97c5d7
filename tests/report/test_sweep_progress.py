"""Does the bar of a sweep say in a narrow terminal how far it is, how long it takes, and what is best?"""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from rich.console import Console

from lifsim.report import sweep_progress
from lifsim.report.sweep_progress import Progress
from lifsim.sweeps.outcome import Outcome
from lifsim.sweeps.remaining import Left, Paced
from lifsim.watch import Watch


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


def test_no_time_is_told_before_enough_was_run_for_an_estimate(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(1000))
    monkeypatch.setattr(sweep_progress.time, "monotonic", lambda: float(next(clock)))
    rest, told = Two(3), list[str]()

    def lines(left_words: Callable[[], str]) -> Watch:
        return lambda *_: told.append(left_words())

    progress = Progress(3, 0, lines=lines, rest=rest)
    for point in range(3):
        progress.watch(Outcome(point, str(point), None, "must be", seconds=1.0))
    assert told[0] == ", estimating the time left"
    assert told[1].startswith(", about ")
    assert told[2] == ""


class Two(Paced):
    """Knows what is left after two points."""

    @property
    def left(self) -> Left:
        return Left(100.0, known=self._run > 1)
