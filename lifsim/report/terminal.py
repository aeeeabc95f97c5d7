"""The terminal that tables are printed on: names from files are text there, neither markup nor control characters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from lifsim.errors import visible

if TYPE_CHECKING:
    from rich.table import Table


class Terminal(Console):
    """A console that takes every text as it is, line by line."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"markup": False, "emoji": False} | options)

    def render_str(self, text: str, **options: Any) -> Text:
        """`text` with its control characters made visible."""
        return super().render_str("\n".join(map(visible, text.split("\n"))), **options)

    def print_table(self, table: Table, keys: int = 1) -> None:
        """`table` in as many parts as this width asks for, each with the first `keys` columns. One that is still wider
        is printed whole: a terminal shows it on more lines, and cuts nothing."""
        from lifsim.report.narrow import least_width, parts_of

        width = self.width
        for part in parts_of(table, self, keys):
            self.width = max(width, least_width(part, self))
            self.print(part)
        self.width = width
