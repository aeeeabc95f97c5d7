"""Lines and columns for a screen, and the plain one, which files and other programs get: text without styles, for which
no library is imported."""

from __future__ import annotations

import os
import sys
from typing import Protocol

from lifsim.errors import visible
from lifsim.lazy_dataclass import dataclass
from lifsim.report.width import wrapped


@dataclass(frozen=True)
class Columns:
    """A table without lines: what stands in its first column begins on the left, figures end on the right."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""

    @property
    def lines(self) -> list[str]:
        """One line per row, if nothing wraps."""
        table = [[*map(visible, row)] for row in (self.headings, *self.rows)]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        padded = ([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])] for row in table)
        return ["  ".join(row).rstrip(" ") for row in padded]


class Screen(Protocol):
    """What takes lines and columns."""

    def print_line(self, text: str, *, label: str = "", width: int = 0, style: str = "") -> None:
        """`text` behind its label, which takes `width` columns; where it is too long, on several lines."""
        ...

    def print_columns(self, columns: Columns) -> None:
        """The table, in parts where it is too wide."""
        ...


def is_plain() -> bool:
    """Whether nobody asks for styles: stdout is no terminal, and no word of the environment makes it one."""
    return not sys.stdout.isatty() and not {"FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"} & os.environ.keys()


class Plain:
    """Prints to stdout, this many columns wide, what `Terminal` prints there without styles."""

    def __init__(self, width: int) -> None:
        self._width = width

    def print_line(self, text: str, *, label: str = "", width: int = 0, style: str = "") -> None:  # noqa: ARG002
        """As `Terminal.print_line`, in no style."""
        first, *others = wrapped(visible(text), max(1, self._width - width), indent=0)
        print(f"{label:{width}}{first}", *(" " * width + line for line in others), sep="\n")

    def print_columns(self, columns: Columns) -> None:
        """As `Terminal.print_columns`, which is left what is too wide."""
        lines = columns.lines
        if max(map(len, lines)) > self._width:
            from lifsim.report.terminal import Terminal

            Terminal(width=self._width).print_columns(columns)
            return
        print(*lines, sep="\n")
        if columns.caption:
            self.print_line(columns.caption)
