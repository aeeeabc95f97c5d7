"""A sweep under way, on the terminal: points, rate, estimate, failures, and the best so far."""

from __future__ import annotations

import math
import time
from types import TracebackType
from typing import Self

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from lifsim.report.terminal import Terminal
from lifsim.sweeps.outcome import Outcome
from lifsim.units import counted
from lifsim.watch import Watch, unwatched


class Progress:
    """Watches a sweep of `total` points, of which `done` are there, on stderr; where that is no terminal, `lines` is
    told instead."""

    def __init__(self, total: int, done: int, best_of: str = "energy_pj.total", lines: Watch = unwatched) -> None:
        self._total, self._best_of = total, best_of
        self._before, self._lines = done, lines
        self._done = self._failed = 0
        self._best: float | None = None
        self._started = time.monotonic()
        console = Terminal(stderr=True)
        self._bar = Bar(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[state]}", markup=False),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("sweep", total=total, completed=done, state="")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._bar.stop()

    def watch(self, outcome: Outcome) -> None:
        """Count one more point."""
        self._done += 1
        if outcome.figures is None:
            self._failed += 1
        else:
            figure = outcome.figures.get(self._best_of, math.inf)
            self._best = figure if self._best is None else min(self._best, figure)
        self._bar.update(self._task, advance=1, state=self._state())
        self._lines("points", self._done, self._total - self._before)

    @property
    def summary(self) -> str:
        """`1,000 points (400 new, 3 failed, 180 a second)`."""
        return (
            f"{counted(self._total, 'point')} ({self._done:,} new, {self._failed:,} failed, {self._rate:.0f} a second)"
        )

    @property
    def kept(self) -> str:
        """`640 of 1,000 points are kept`."""
        return f"{self._before + self._done:,} of {counted(self._total, 'point')} are kept"

    @property
    def _rate(self) -> float:
        return self._done / max(time.monotonic() - self._started, 1e-9)

    def _state(self) -> str:
        best = "" if self._best is None else f", {self._best_of} {self._best:.5g} at best"
        return f"{self._rate:.0f}/s, {self._failed} failed{best}"
