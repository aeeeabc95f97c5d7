"""A sweep under way, on the terminal: points, rate, estimate, failures, and the best so far."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.progress import MofNCompleteColumn
from rich.progress import Progress as Bar

from lifsim.report.progress_columns import state_columns
from lifsim.report.terminal import Terminal
from lifsim.sweeps.outcome import Outcome
from lifsim.sweeps.remaining import Paced, Remaining
from lifsim.units import counted
from lifsim.watch import Watch, unwatched

LOOK_S = 1.0
"""Seconds between two estimates of the time left."""


def nobody(left_words: Callable[[], str]) -> Watch:  # noqa: ARG001 (as any lines)
    """Prints no lines."""
    return unwatched


class Progress:
    """Shows a sweep of `total` points, of which `done` were kept before, on stderr. lines: makes, from a function that
    tells the time left, the watch that is used if stderr is no terminal; rest: estimates the seconds left; None: at the
    pace so far."""

    def __init__(
        self,
        total: int,
        done: int,
        best_of: str = "energy_pj.total",
        lines: Callable[[Callable[[], str]], Watch] = nobody,
        rest: Remaining | None = None,
    ) -> None:
        self._total, self._best_of = total, best_of
        self._before, self._lines = done, lines(self._left_words)
        self._rest = rest or Paced(total - done)
        self._done = self._failed = 0
        self._busy, self._began, self._left, self._looked = 0.0, math.inf, "", -math.inf
        self._best: float | None = None
        self._started = time.monotonic()
        console = Terminal(stderr=True)
        self._bar = Bar(*state_columns(MofNCompleteColumn()), console=console, disable=not console.is_terminal)
        self._task = self._bar.add_task("sweep", total=total, completed=done, state="")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._bar.stop()

    def watch(self, outcome: Outcome) -> None:
        """Count one more point."""
        self._done += 1
        self._busy += outcome.seconds
        self._began = min(self._began, time.monotonic() - outcome.seconds)  # processes have started then
        self._rest.add(outcome.point, outcome.seconds)
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
    def _rate(self) -> float:
        return self._done / max(time.monotonic() - self._started, 1e-9)

    def _state(self) -> str:
        failed = f", {self._failed:,} failed" if self._failed else ""
        best = "" if self._best is None else f", {self._best_of} {self._best:.5g} at best"
        now = time.monotonic()
        if now - self._looked >= LOOK_S:
            self._looked, self._left = now, self._left_words()
        return f"{self._rate:.0f}/s{self._left}{failed}{best}"

    def _left_words(self) -> str:
        """`, about 34 s left`: of all processes, as busy as they were so far; nothing at the end."""
        if self._before + self._done >= self._total or not self._busy:
            return ""
        left, elapsed = self._rest.left, time.monotonic() - self._began
        if not left.known:
            return ", estimating the time left"
        return f", about {left.seconds * elapsed / self._busy:,.0f} s left"
