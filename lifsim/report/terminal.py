"""The terminal that tables are printed on: names from files are text there, neither markup nor control characters."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.text import Text

from lifsim.errors import visible


class Terminal(Console):
    """A console that takes every text as it is, line by line."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"markup": False, "emoji": False} | options)

    def render_str(self, text: str, **options: Any) -> Text:
        """`text` with its control characters made visible."""
        return super().render_str("\n".join(map(visible, text.split("\n"))), **options)
