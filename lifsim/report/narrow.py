"""Tables on terminals that are too narrow for them: headings wrap, texts wrap at words, names longer than a third of
the terminal continue on a second line, and columns that still do not fit are printed below, with the key columns
repeated, without rules between columns if necessary. Numbers are never broken, and nothing is cut.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from rich.console import Console
from rich.measure import Measurement
from rich.table import Column, Table

from lifsim.report.width import ENDLESS

FOLDED = 3
"""A name takes at most 1/N of a terminal for which its table is too wide."""
NAME = 8
"""Characters of a name that stay together on any terminal."""


def parts_of(table: Table, console: Console, keys: int) -> list[Table]:
    """`table`, whose cells are texts, as one or several that fit: each has the first `keys` columns."""
    if natural_width(table, console) <= console.width:
        return [table]
    squeezed = _with_columns(table, [_squeezed(column) for column in table.columns])
    if least_width(squeezed, console) <= console.width:
        return [_settled(squeezed, console)]
    for most in (max(NAME, console.width // FOLDED), NAME):
        found = _parts(_with_columns(squeezed, [_folded(column, most) for column in squeezed.columns]), console, keys)
        if max(least_width(part, console) for part in found) <= console.width:
            break
    return found


def _parts(table: Table, console: Console, keys: int) -> list[Table]:
    parts, here = list[list[int]](), list(range(keys))
    for index in range(keys, len(table.columns)):
        if len(here) > keys and _least_width(table, console, [*here, index]) > console.width:
            parts.append(here)
            here = list(range(keys))
        here.append(index)
    found = [_with_columns(table, [table.columns[index] for index in part]) for part in (*parts, here)]
    for part in found[1:]:
        part.title = None
    for part in found[:-1]:
        part.caption = None
    return [_settled(part, console) for part in found]


def natural_width(table: Table, console: Console) -> int:
    """Where nothing wraps."""
    return Measurement.get(console, console.options.update(width=ENDLESS), table).maximum


def least_width(table: Table, console: Console) -> int:
    """Where texts wrap at every word."""
    return _least_width(table, console, range(len(table.columns)))


def _least_width(table: Table, console: Console, columns: Sequence[int]) -> int:
    part = _with_columns(table, [table.columns[index] for index in columns])
    part.title = part.caption = None
    loose = [column for column in part.columns if column.width is None]
    spare = sum(_longest(column, whole=True) - _longest(column, whole=column.no_wrap) for column in loose)
    return natural_width(part, console) - spare


def _texts(column: Column) -> list[str]:
    return [str(text) for text in (column.header, *column.cells, column.footer)]


def _longest(column: Column, *, whole: bool) -> int:
    """The length of the longest line of a column, or of its longest word."""
    pieces = [piece for text in _texts(column) for piece in (text.split("\n") if whole else text.split())]
    return max(*map(len, pieces), column.min_width or 0, 0)


def _squeezed(column: Column) -> Column:
    """Figures, which stand on the right, keep their lines; their heading wraps above them, dotted names at a dot."""
    if column.justify != "right":
        return column
    heading, *figures = _texts(column)
    pieces = re.findall(r"[^\s.]*(?:\.|\s+|$)", heading)
    widest = max(len(line.strip()) for text in (*figures, *pieces) for line in text.split("\n"))
    lines = [""]
    for piece in filter(None, pieces):
        if lines[-1] and len(lines[-1]) + len(piece.rstrip()) > widest:
            lines.append("")
        lines[-1] += re.sub(r"\s", " ", piece)
    return replace(column, header="\n".join(line.rstrip() for line in lines), no_wrap=True)


def _folded(column: Column, most: int) -> Column:
    """Names, which stand on the left, folded into pieces of at most this many characters."""
    if column.justify == "right":
        return column
    cells = (re.sub(r"\S+", lambda word: "\n".join(_pieces(word[0], most)), str(cell)) for cell in column.cells)
    return replace(column, _cells=list(cells))


def _pieces(word: str, most: int) -> list[str]:
    """A word, parted behind the last `_`, `.`, `/` or `-` that fits, or where the room ends."""
    if len(word) <= most:
        return [word]
    end = max(word.rfind(mark, 0, most) for mark in "_./-") + 1 or most
    return [word[:end], *_pieces(word[end:], most)]


def _settled(table: Table, console: Console) -> Table:
    """With widths for the texts, each at least that of its longest word; without lines between columns if need be."""
    if least_width(table, console) > console.width:
        table.box, table.padding, table.pad_edge = None, (0, 1, 0, 0), False
    spare = max(0, console.width - least_width(table, console))
    for index, column in enumerate(table.columns):
        least, most = (_longest(column, whole=whole) for whole in (column.no_wrap, True))
        given = min(spare, most - least)
        table.columns[index] = replace(column, width=least + given)
        spare -= given
    return table


def _with_columns(table: Table, columns: Sequence[Column]) -> Table:
    part = Table(
        title=table.title,
        caption=table.caption,
        box=table.box,
        padding=table.padding,
        show_header=table.show_header,
        show_footer=table.show_footer,
        show_edge=table.show_edge,
        pad_edge=table.pad_edge,
        header_style=table.header_style,
        title_style=table.title_style,
        title_justify=table.title_justify,
        caption_justify=table.caption_justify,
    )
    part.columns = [replace(column, _index=index) for index, column in enumerate(columns)]
    part.rows = table.rows
    return part
