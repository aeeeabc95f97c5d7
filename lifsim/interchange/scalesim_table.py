"""SCALE-Sim's topology files as rows whose cells are known by the names of their columns.

SCALE-Sim itself skips the header, reads cells by position and drops what follows the last comma of a line. Here the
header names the columns, in any order; if a line has more cells than the header has names, what follows the last
comma is dropped likewise. Cells may be quoted, or separated by tabs; blank lines and comments are skipped.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import field
from pathlib import Path

from lifsim.errors import Fault, InputError, did_you_mean, shown
from lifsim.interchange.text import read_text
from lifsim.lazy_dataclass import dataclass
from lifsim.units import counted

GEMM = ("M", "N", "K")
CONV = ("ifmap height", "ifmap width", "filter height", "filter width", "channels", "filters", "stride")
NAME, STRIDE_WIDTH, SPARSITY, BATCH = "name", "stride width", "sparsity", "batch"
NEUTRAL = {"padding": 0, "dilation": 1, "groups": 1}
"""Columns in topologies of other tools, and the value with which they have no meaning."""

_SPELLINGS = {
    NAME: "layername layer name",
    "ifmap height": "ifmapheight ifmaph inputheight",
    "ifmap width": "ifmapwidth ifmapw inputwidth",
    "filter height": "filterheight filterh kernelheight",
    "filter width": "filterwidth filterw kernelwidth",
    "channels": "channels channel numchannels",
    "filters": "numfilter numfilters filters filter",
    "stride": "strides stride strideheight strideh",
    STRIDE_WIDTH: "stridewidth stridew",
    SPARSITY: "sparsity sparsityratio",
    BATCH: "batchsize batch",
    "padding": "padding pad",
    "dilation": "dilation dilations",
    "groups": "groups group",
    **{letter: letter.lower() for letter in GEMM},
}
_COLUMNS = {spelling: column for column, spellings in _SPELLINGS.items() for spelling in spellings.split()}
_COMMENTS = ("#", "//")


@dataclass(frozen=True)
class Line:
    """The cells of a layer that are not empty, by column; cells that the header does not name are in `unnamed`."""

    number: int
    cells: dict[str, str]
    unnamed: tuple[str, ...]


@dataclass
class Table:
    """A topology as read. header_line: the line that names the columns. notes: what was dropped."""

    path: Path
    is_gemm: bool
    columns: tuple[str, ...]
    header_line: int
    lines: list[Line] = field(default_factory=list)
    notes: list[Fault] = field(default_factory=list)

    def at(self, line: int, message: str, column: str = "") -> Fault:
        """A fault or a note at that line."""
        return Fault(message, path=column, source=str(self.path), line=line)

    @property
    def required(self) -> tuple[str, ...]:
        """The columns that a layer must have."""
        return GEMM if self.is_gemm else CONV


def read_table(path: Path) -> Table:
    """The topology in the file at `path`. Raises InputError if it cannot be read or its header lacks a column."""
    rows, separator = _cells(path)
    if not rows:
        raise InputError(Fault("must have a header and a layer", source=str(path)))
    (number, header), *lines = rows
    while header and not header[-1]:
        header = header[:-1]
    if any(cell.isdigit() for cell in header[1:]):
        raise InputError(Fault("must be the header, which SCALE-Sim skips", source=str(path), line=number))
    if any("intraline" in cell.lower() for cell in header):
        message = "is a layout of SCALE-Sim's, which is not used; the topology of the same run is taken"
        raise InputError(Fault(message, source=str(path), line=number))
    table = _with_header(path, number, header)
    if separator == ";":
        message = "cells are separated by semicolons; SCALE-Sim itself reads commas only"
        table.notes.append(table.at(number, message))
    dropped: dict[int, str] = {}
    for line, cells in lines:
        if not any(cells[1:]) and len(cells) <= 2:
            table.notes.append(table.at(line, f"{shown(cells[0])} has no sizes: a title, which is skipped"))
            continue
        extra = cells[len(header) :]
        if extra and extra.pop():
            dropped[line] = cells[-1]
        named = {column: cell for column, cell in zip(table.columns, cells, strict=False) if cell}
        table.lines.append(Line(line, named, tuple(cell for cell in extra if cell)))
    if dropped:
        (first, text), more = next(iter(dropped.items())), len(dropped) - 1
        also = f" (and of {counted(more, 'more line')})" if more else ""
        message = f"what stands behind the last comma is dropped, as SCALE-Sim does: {shown(text)}{also}"
        table.notes.append(table.at(first, message))
    unused = [name for name in table.columns if name not in _SPELLINGS and any(name in x.cells for x in table.lines)]
    table.notes += [table.at(number, "is no column of SCALE-Sim's and is not used", name) for name in unused]
    return table


def _cells(path: Path) -> tuple[list[tuple[int, list[str]]], str]:
    """The cells of each line that is neither blank nor a comment, with the line's number from 1, and the separator."""
    lines = [
        (number, line)
        for number, line in enumerate(read_text(path).splitlines(), 1)
        if line.strip(" \t,;") and not line.lstrip().startswith(_COMMENTS)
    ]
    separator = next((each for each in ",\t;" if lines and each in lines[0][1]), ",")
    rows, faults = [], []
    for number, line in lines:
        try:
            cells = next(csv.reader([line], delimiter=separator, skipinitialspace=separator != "\t", strict=True))
        except csv.Error as error:
            message = f"must be cells with {shown(separator)} between them: {error}"
            faults.append(Fault(message, source=str(path), line=number))
            continue
        rows.append((number, [cell.strip() for cell in cells]))
    if faults:
        raise InputError(faults)
    return rows, separator


def _with_header(path: Path, number: int, header: Sequence[str]) -> Table:
    """An empty table with the columns of `header`: known ones under their own names, others as spelt. The first
    column is the layer's name if no other is. Eight names that are all unknown are taken to be in SCALE-Sim's order."""
    columns = [_COLUMNS.get(re.sub(r"[^a-z0-9]", "", cell.lower()), cell) for cell in header]
    notes = []
    if len(columns) == 1 + len(CONV) and sum(column in {*GEMM, *CONV} for column in columns) < 2:
        columns = [NAME, *CONV]
        message = f"names no column of SCALE-Sim's: read by position, {', '.join(CONV)}"
        notes.append(Fault(message, source=str(path), line=number))
    if NAME not in columns and columns[0] not in _SPELLINGS:
        columns[0] = NAME
    table = Table(path, any(column in GEMM for column in columns), tuple(columns), number, notes=notes)
    required = (NAME, *table.required)
    faults = [table.at(number, "must be named once", name) for name in _SPELLINGS if columns.count(name) > 1]
    missing = [name for name in required if name not in columns]
    if missing:
        strangers = [name for name in columns if name and name not in _SPELLINGS]
        near = "".join(did_you_mean(name, strangers) for name in missing[:1])
        message = f"columns must be a name and {', '.join(table.required)}; {', '.join(missing)} must be given"
        faults.append(table.at(number, message + (near if "did you mean" in near else "")))
    if faults:
        raise InputError(faults)
    if table.is_gemm and tuple(name for name in columns if name in GEMM) != GEMM:
        table.notes.append(table.at(number, "columns are read by their names; SCALE-Sim itself reads M, N, K"))
    return table
