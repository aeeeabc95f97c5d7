"""The columns of progress bars on a terminal."""

from __future__ import annotations

from rich.progress import BarColumn, ProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Column

BAR_WIDTH = 20
"""Of a bar, in characters."""


def progress_columns(how_far: ProgressColumn) -> tuple[ProgressColumn, ...]:
    """The work in words, a bar, how far it is, and the times that it took and will take. In a narrow terminal the words
    wrap, and the times stay whole."""
    return _folding("{task.description}"), BarColumn(BAR_WIDTH), how_far, TimeElapsedColumn(), TimeRemainingColumn()


def state_columns(how_far: ProgressColumn) -> tuple[ProgressColumn, ...]:
    """The same of work that says in the field `state` how it goes, and how long it will take, which wraps."""
    return (
        TextColumn("{task.description}", markup=False),
        BarColumn(BAR_WIDTH),
        how_far,
        _folding("{task.fields[state]}"),
    )


def _folding(text: str) -> TextColumn:
    return TextColumn(text, markup=False, table_column=Column(overflow="fold"))
