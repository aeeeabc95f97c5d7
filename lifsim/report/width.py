"""The width of the terminal, and text wrapped to it."""

from __future__ import annotations

import os
import sys
import textwrap

ENDLESS = 10_000
"""Columns that no table and no line needs: where nobody says how many there are."""


def terminal_columns(otherwise: int = ENDLESS) -> int:
    """The columns of the terminal that stdout is, or $COLUMNS; `otherwise` if neither is known."""
    given = os.environ.get("COLUMNS", "")
    if given.isascii() and given.isdecimal() and int(given):
        return int(given)
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or otherwise
    except (OSError, ValueError):  # no terminal, or no file at all
        return otherwise


def wrapped(text: str, columns: int, indent: int = 4) -> list[str]:
    """`text` in lines of at most `columns` columns, all but the first indented; words are not cut, however long they
    are."""
    if len(text) <= columns:
        return [text]
    inside, words = max(0, min(indent, columns - 20)), text.lstrip()
    return textwrap.wrap(
        words,
        columns,
        initial_indent=text[: len(text) - len(words)],
        subsequent_indent=" " * inside,
        break_long_words=False,
        break_on_hyphens=False,
    )
