"""Spike rates of layers in a CSV file, a line per layer: what `--rates` takes, `lifsim trace info --format csv`
gives."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import field, replace
from pathlib import Path
from typing import Any

from lifsim.config.document import kind_at
from lifsim.config.file_kind import in_words
from lifsim.config.given_rates import rate_words, rates_per_timestep
from lifsim.config.text_file import read_text
from lifsim.config.workload_schema import MAX_LAYERS
from lifsim.errors import Fault, InputError
from lifsim.lazy_dataclass import dataclass

MAX_BYTES = 1 << 20
COLUMNS = ("layer", "rate")
_TIMESTEP = re.compile(r"rate_t[0-9]+\Z")


@dataclass(frozen=True)
class RatesFile:
    """words: rates as options keep them (`GivenRate`). lines: the line of each layer. faults: all of the file."""

    source: str
    words: tuple[str, ...] = ()
    lines: Mapping[str, int] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()

    def placed(self, fault: Fault) -> Fault:
        """`fault` of ``rate.LAYER`` with the line of that layer."""
        line = self.lines.get(fault.path.removeprefix("rate."))
        return fault if line is None else replace(fault, source=self.source, line=line, column=1)


def read_rates(path: Path) -> RatesFile:
    """The rates in the file `path`: its columns `layer` and `rate`, or `rate_t0`, `rate_t1`, ... if it has those; other
    columns are ignored."""
    try:
        text = read_text(path, "CSV file of rates", MAX_BYTES)
    except InputError as error:
        return RatesFile(str(path), faults=error.faults)
    table = _Table(str(path))
    rows = csv.reader(text.splitlines(keepends=True), strict=True)
    try:
        table.read(rows)
    except csv.Error as error:
        table.fault(rows.line_num, f"must be CSV: {error}")
    return RatesFile(str(path), tuple(table.words), table.lines, tuple(table.faults))


def with_table(rate: Any, table: Path | None) -> Any:
    """The rates in the file `table`, followed by those in `rate`, as options keep them; `rate` itself without a table,
    or if it is no rate. Raises InputError with all faults of the file."""
    if table is None:
        return rate
    file, own = read_rates(table), rate_words(rate) or ()
    if file.faults:
        raise InputError(file.faults)
    return (*file.words, *own) if isinstance(own, tuple) else own


@dataclass
class _Table:
    """What was read so far."""

    source: str
    words: list[str] = field(default_factory=list)
    lines: dict[str, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def fault(self, line: int, message: str, layer: str = "") -> None:
        self.faults.append(Fault(message, layer, self.source, line, 1))

    def read(self, rows: Any) -> None:
        header = [cell.strip() for cell in next(rows, [])]
        missing = [name for name in COLUMNS if name not in header]
        if missing:
            other = in_words(kind_at(Path(self.source)))
            columns = " and ".join(missing)
            self.fault(1, f"must have the column {columns}, in a first line such as layer,rate{other}")
        twice = [name for name in dict.fromkeys(header) if header.count(name) > 1]
        for name in twice:
            self.fault(1, f"must have the column {name} once")
        for row in () if missing or twice else rows:
            cells = [cell.strip() for cell in row]
            if len(self.lines) == MAX_LAYERS:
                self.fault(rows.line_num, f"must have at most {MAX_LAYERS} layers")
                break
            if len(cells) == len(header):
                self._row(dict(zip(header, cells, strict=True)), rows.line_num)
            elif any(cells):
                self.fault(rows.line_num, f"must have {len(header)} cells, as the first line, has {len(cells)}")
        if not self.words and not self.faults:
            self.fault(1, "must have a line for at least one layer")

    def _row(self, row: Mapping[str, str], line: int) -> None:
        layer = row["layer"]
        steps = [value for name, value in row.items() if _TIMESTEP.match(name) and value]
        text = ":".join(steps) if steps else row["rate"]
        if not layer:
            self.fault(line, "must name a layer")
        elif layer in self.lines:
            self.fault(line, f"must be given once, is in line {self.lines[layer]} too", layer)
        else:
            self.lines[layer] = line
            try:
                rates_per_timestep(text)
            except ValueError as error:
                self.fault(line, str(error), layer)
            else:
                self.words.append(f"{layer}={text}")
