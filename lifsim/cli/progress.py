"""Progress of a training on stderr: epoch, loss, accuracy and the time that is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.progress import MofNCompleteColumn, Progress

from lifsim.cli.watching import Clock
from lifsim.report.progress_columns import progress_columns
from lifsim.report.terminal import Terminal

if TYPE_CHECKING:
    from types import TracebackType

    from lifsim.engine.training.loop import BatchReport, EpochReport


class TrainingProgress:
    """A bar over all epochs, and a line after each where stderr is a terminal."""

    def __init__(self, epochs: int, done: int, title: str = "") -> None:
        self._console = Terminal(stderr=True, highlight=False)
        columns = progress_columns(MofNCompleteColumn())
        self._progress = Progress(*columns, console=self._console, disable=not self._console.is_terminal)
        self._title = f"{title} " if title else ""
        self._task = self._progress.add_task(f"{self._title}epoch {done + 1}/{epochs}", total=None)
        self._epochs, self._done = epochs, done
        self._last, self._clock = "", Clock()

    def __enter__(self) -> TrainingProgress:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def batch(self, report: BatchReport) -> None:
        """After a batch."""
        text = f"{self._title}epoch {report.epoch}/{self._epochs} loss {report.loss:.3f}{self._last}"
        total = (self._epochs - self._done) * report.batches
        at = (report.epoch - 1 - self._done) * report.batches + report.done
        self._progress.update(self._task, description=text, total=total, completed=at)

    def epoch(self, report: EpochReport) -> None:
        """After an epoch."""
        self._last = f" test {100 * report.test.accuracy:.1f} %"
        self._console.print(
            f"{self._title}epoch {report.epoch}/{self._epochs}: loss {report.loss:.4f}, "
            f"accuracy {100 * report.accuracy:.2f} %, test {100 * report.test.accuracy:.2f} %"
            f"{self._clock.left_words(report.epoch - self._done, self._epochs - self._done)}",
            soft_wrap=True,  # a line of a log is a line
        )
