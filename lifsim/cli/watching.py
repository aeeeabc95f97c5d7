"""Long work on stderr: a bar with an estimate on a terminal, elsewhere a line now and then; of short work nothing."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lifsim.cli.say import say
from lifsim.watch import Watch, unwatched

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

PATIENCE_S = 2.0
"""Work that takes no longer is done in silence."""

LINES_S = 30.0
"""Between two lines where stderr is no terminal."""


@contextmanager
def watching() -> Iterator[Watch]:
    """A watch that shows work while it takes long."""
    bar = Bar() if sys.stderr.isatty() else None
    try:
        yield bar.show if bar else Lines().show
    finally:
        if bar:
            bar.close()


def lines(left_words: Callable[[], str] | None = None) -> Watch:
    """For work that shows itself on a terminal: plain lines elsewhere. left_words: what they tell of the time that is
    left, where the pace so far is not the best that is known of it."""
    return unwatched if sys.stderr.isatty() else Lines(left_words).show


class Clock:
    """How long the work has taken, and will take."""

    def __init__(self) -> None:
        self._begun = self._work_begun = time.monotonic()
        self._work = ""

    def elapsed(self, work: str) -> float:
        """Seconds since all began. From `work` on that was not there before, its own time counts for `left`."""
        now = time.monotonic()
        if work != self._work:
            self._work, self._work_begun = work, now
        return now - self._begun

    def left_words(self, done: int, total: int) -> str:
        """`, about 12 s left` of work that takes long; of short work, and at its end, nothing."""
        if not 0 < done < total or time.monotonic() - self._begun < PATIENCE_S:
            return ""
        return f", about {self.left(done, total):,.0f} s left"

    def left(self, done: int, total: int) -> float:
        """Seconds that the rest of the work will take at its pace so far."""
        return (time.monotonic() - self._work_begun) * (total - done) / done


class Lines:
    """A plain line every half a minute, for logs."""

    def __init__(self, left_words: Callable[[], str] | None = None) -> None:
        self._clock, self._next = Clock(), LINES_S
        self._left_words = left_words

    def show(self, work: str, done: int, total: int) -> None:
        """Tell it if it is time to."""
        elapsed = self._clock.elapsed(work)
        if elapsed >= self._next:
            self._next = elapsed + LINES_S
            say(f"{elapsed:,.0f} s: {described(work, done, total)}{self._estimate(done, total)}", err=True)

    def _estimate(self, done: int, total: int) -> str:
        if self._left_words is not None:
            return self._left_words()
        return f", about {self._clock.left(done, total):,.0f} s left" if 0 < done < total else ""


class Bar:
    """A bar on the terminal, from two seconds on."""

    def __init__(self) -> None:
        self._clock = Clock()
        self._progress: Progress | None = None
        self._task: TaskID | None = None
        self._work = ""

    def show(self, work: str, done: int, total: int) -> None:
        """Draw it if the work takes long."""
        if self._clock.elapsed(work) < PATIENCE_S:
            return
        if self._progress is None:
            self._progress = _progress()
            self._progress.start()
        if work != self._work or self._task is None:
            if self._task is not None:
                self._progress.remove_task(self._task)
            self._work, self._task = work, self._progress.add_task(work, total=total or None)
        self._progress.update(self._task, completed=done, total=total or None)

    def close(self) -> None:
        """Take it away."""
        if self._progress is not None:
            self._progress.stop()


def described(work: str, done: int, total: int) -> str:
    """`sharing none: spikes, 12 % of 4,096`."""
    return f"{work}, {100 * done // total} % of {total:,}" if total else work


def _progress() -> Progress:
    from rich.progress import Progress, TaskProgressColumn

    from lifsim.report.progress_columns import progress_columns
    from lifsim.report.terminal import Terminal

    columns = progress_columns(TaskProgressColumn())
    return Progress(*columns, console=Terminal(stderr=True, highlight=False), transient=True)
