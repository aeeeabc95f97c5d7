"""The points of a sweep as a table on the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from lifsim.accounting.basis import ONLY_SRAM_FOLLOWS, nodes_of
from lifsim.errors import Fault, InputError, collecting
from lifsim.lazy_dataclass import dataclass
from lifsim.report.figures.words import words_of
from lifsim.report.human import human
from lifsim.report.terminal import Terminal
from lifsim.report.width import terminal_columns
from lifsim.sweeps.export import columns_of
from lifsim.sweeps.where import FIRST_FIGURE, conditions, no_column
from lifsim.units import counted

Row = Mapping[str, Any]

MAIN = ("cycles.total", "energy_pj.total", "energy_pj.total.work", "dram_bytes.total", "area_mm2")


@dataclass(frozen=True)
class Selection:
    """Which points are shown. where: conditions that they meet; top: so many of these, those with the least of `by`
    (`sort` if it is None); sort: in whose order, the most first if `descending`; limit: at most so many lines; columns:
    beside those that vary."""

    where: Sequence[str] = ()
    top: int | None = None
    by: str | None = None
    sort: str = "energy_pj.total"
    descending: bool = False
    limit: int | None = None
    columns: Sequence[str] | None = None

    def of(self, rows: Sequence[Row]) -> list[Row]:
        """Those of `rows` that are meant. Raises InputError where a column is none of the store."""
        names, faults = columns_of(rows), list[Fault]()
        by, asked = self.by or self.sort, (self.sort, *([self.by] if self.by else []), *(self.columns or ()))
        faults += [Fault(no_column(n, names)) for n in asked if n not in names]
        with collecting(faults):
            where = conditions(self.where, names)
        if faults:
            raise InputError(dict.fromkeys(faults))
        good = [row for row in rows if row["error"] is None and where.holds(row)]
        if self.top is not None:
            good = _ordered(good, by, descending=self.descending)[: self.top]
        return _ordered(good, self.sort, descending=self.descending)


def print_table(rows: Sequence[Row], selection: Selection) -> None:
    """The points that `selection` means, as a table in units. Raises InputError where a column is none of the store."""
    found = selection.of(rows)
    lines = found[: selection.limit]
    shown = list(dict.fromkeys([*varying(rows), *(selection.columns or MAIN), selection.sort]))
    shown += [name for name in (selection.by,) if name and name not in shown]
    table = Table(header_style="bold")
    for heading in _headings(shown):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in lines:
        table.add_row(*(human(name, row[name]) for name in shown))
    console = Terminal(width=terminal_columns())
    console.print_table(table, keys=len(varying(rows)))
    console.print_line(f"columns: {', '.join(shown)}")
    across = across_nodes(found)
    if across:
        console.print(f"note: {across}", highlight=False)
    met = f", {len(found):,} meet {' and '.join(selection.where)}" if selection.where and selection.top is None else ""
    failed = sum(row["error"] is not None for row in rows)
    console.print(f"{len(lines):,} of {counted(len(rows), 'point')}{met}, {failed:,} failed", highlight=False)


def _headings(names: Sequence[str]) -> list[str]:
    """The columns in words; those that have the same ones by their names."""
    words = [words_of(name) for name in names]
    return [name if words.count(said) > 1 else said for name, said in zip(names, words, strict=True)]


def varying(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The settings that differ from point to point."""
    return [name for name in settings_of(rows) if len({repr(row[name]) for row in rows}) > 1]


def settings_of(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The columns before the figures: one per axis of the sweep."""
    names = columns_of(rows)
    return names[: names.index(FIRST_FIGURE)] if FIRST_FIGURE in names else names[:-1]


def across_nodes(rows: Sequence[Mapping[str, Any]]) -> str:
    """What a comparison of these points must say if their SRAMs are of several nodes; else empty."""
    nodes = {row["sram_technology_nm"] for row in rows if row.get("sram_technology_nm") is not None}
    return f"SRAMs of {nodes_of(nodes)}: {ONLY_SRAM_FOLLOWS}" if len(nodes) > 1 else ""


def _ordered(rows: Sequence[Row], column: str, *, descending: bool) -> list[Row]:
    """By a column, without those that have nothing there."""
    there = [row for row in rows if row[column] is not None]
    return sorted(there, key=lambda row: _order(row[column]), reverse=descending)


def _order(value: object) -> tuple[str, Any]:
    """Numbers among each other by value, texts by the alphabet."""
    return ("", value) if isinstance(value, int | float) else ("text", str(value))
