"""Names under bars, in as many lines as their places ask for."""

from __future__ import annotations

from collections.abc import Sequence

from lifsim.report.figures.text_size import short_names

LINE = 11
"""Characters of a line under a bar."""


def by_lines(names: Sequence[str], line: int = LINE, lines: int = 3) -> list[str]:
    """`layer+\nchannel2`: broken behind signs between words, longer words anywhere, at most about so many `lines`."""
    return [_broken(name, line) for name in short_names(names, lines * line)]


def _broken(name: str, line: int) -> str:
    lines = [""]
    for piece in _pieces(name):
        if lines[-1] and len(lines[-1]) + len(piece) > line:
            lines.append("")
        lines[-1] += piece
    cut = [part[start : start + line + 2] for part in lines for start in range(0, len(part), line + 2)]
    return "\n".join(part.strip() for part in cut)


def _pieces(name: str) -> list[str]:
    """Words with the signs behind them."""
    found, word = [], ""
    for sign in name:
        word += sign
        if sign in "+-_ ,(":
            found.append(word)
            word = ""
    return [*found, word] if word else found
