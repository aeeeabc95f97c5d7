"""The terminal on which tables are printed: names from files are plain text, neither markup nor control characters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.segment import Segment, Segments
from rich.text import Text

from lifsim.errors import visible

if TYPE_CHECKING:
    from rich.table import Table

    from lifsim.report.plain import Columns


class Terminal(Console):
    """A console that takes every text as it is, line by line."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"markup": False, "emoji": False} | options)

    def render_str(self, text: str, **options: Any) -> Text:
        """`text` with its control characters made visible."""
        return super().render_str("\n".join(map(visible, text.split("\n"))), **options)

    def print_table(self, table: Table, keys: int = 1) -> None:
        """Print `table` in as many parts as the width requires, each with the first `keys` columns. A part that is
        still too wide is printed whole: the terminal wraps it and cuts nothing."""
        from lifsim.report.narrow import least_width, parts_of

        width = self.width
        for part in parts_of(table, self, keys):
            title, caption, part.title, part.caption = part.title, part.caption, None, None
            if title:
                self.print_line(str(title), style=str(part.title_style or ""))
            self.width = max(width, least_width(part, self))
            self._print_lines(part)
            self.width = width
            if caption:
                self.print_line(str(caption), style="dim italic")

    def print_columns(self, columns: Columns) -> None:
        """As `print_table`; headings stand out."""
        self.print_table(table_of(columns))

    def _print_lines(self, table: Table) -> None:
        """No line with spaces at its end, which other programs would read."""
        for segments in self.render_lines(table, pad=False):
            line = [*segments]
            while line and not line[-1].text.strip(" "):
                line.pop()
            if line:
                line[-1] = Segment(line[-1].text.rstrip(" "), line[-1].style)
            self.print(Segments([*line, Segment.line()]), soft_wrap=True)

    def print_line(self, text: str, *, label: str = "", width: int = 0, style: str = "") -> None:
        """Print `text` behind its label of `width` columns; if the terminal is too narrow, wrapped below the first
        line."""
        from lifsim.report.width import wrapped

        first, *others = wrapped(visible(text), max(1, self.width - width), indent=0)
        lines = [
            Text.assemble((f"{label:{width}}", "bold"), (first, style)),
            *(Text(" " * width + line, style) for line in others),
        ]
        for line in lines:
            self.print(line, soft_wrap=True, highlight=False)


def table_of(columns: Columns) -> Table:
    """The columns as a table that may wrap."""
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False, pad_edge=False, header_style="bold")
    names, *figures = columns.headings
    table.add_column(names)
    for heading in figures:
        table.add_column(heading, justify="right", no_wrap=True)
    for row in columns.rows:
        table.add_row(*row)
    table.caption = columns.caption or None
    return table
