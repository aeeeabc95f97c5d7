"""The points of a sweep as a table on the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich.table import Table

from lifsim.accounting.basis import ONLY_SRAM_FOLLOWS, nodes_of
from lifsim.errors import Fault, InputError, collecting
from lifsim.lazy_dataclass import dataclass
from lifsim.report.figures.words import words_of
from lifsim.report.human import human
from lifsim.report.passing import NODE, Passing, Row, first
from lifsim.report.terminal import Terminal
from lifsim.report.width import terminal_columns
from lifsim.sweeps.fewer_units import fewer_units
from lifsim.sweeps.points import Points
from lifsim.sweeps.stored_row import ERROR
from lifsim.sweeps.where import Condition, conditions, no_column
from lifsim.units import counted

MAIN = ("cycles.total", "energy_pj.total", "energy_pj.total.work", "dram_bytes.total", "area_mm2")


@dataclass(frozen=True)
class Selection:
    """Which points are shown. where: conditions that they meet. top: only the `top` points with the least of `by`
    (of `sort` if it is None). sort: the column by which they are sorted, largest first if `descending`. limit: the
    most lines. columns: shown beside those that vary."""

    where: Sequence[str] = ()
    top: int | None = None
    by: str | None = None
    sort: str = "energy_pj.total"
    descending: bool = False
    limit: int | None = None
    columns: Sequence[str] | None = None

    def check(self, names: Sequence[str]) -> Condition:
        """What points must meet. Raises InputError if a column is none of `names`."""
        faults: list[Fault] = []
        asked = (self.sort, *([self.by] if self.by else []), *(self.columns or ()))
        faults += [Fault(no_column(n, names)) for n in asked if n not in names]
        with collecting(faults):
            where = conditions(self.where, names)
        if faults:
            raise InputError(dict.fromkeys(faults))
        return where

    def of(self, rows: Iterable[Row], where: Condition) -> Iterable[Row]:
        """The selected `rows`, in the order of the sweep unless `top` is given: at most `top` of them are held."""
        good: Iterator[Row] = (row for row in rows if row[ERROR] is None and where.holds(row))
        if self.top is not None:
            good = iter(first(good, self.by or self.sort, self.top, descending=self.descending))
        return (row for row in good if row[self.sort] is not None)

    def lines(self, found: Iterable[Row]) -> list[Row]:
        """Those of the selected rows that are shown, in their order: at most `limit` of them are held."""
        return first(found, self.sort, self.limit, descending=self.descending)


@dataclass(frozen=True)
class Selected:
    """lines: the points that are shown; columns: of them, the first `keys` the settings that vary; below: what is said
    of all points."""

    lines: Sequence[Row]
    columns: Sequence[str]
    keys: int
    below: Sequence[str]


def selected(points: Points, selection: Selection) -> Selected:
    """The points that `selection` means, found in one pass. Raises InputError if a column is none of the store."""
    where, passing = selection.check(points.columns), Passing(points.settings)
    asked = list(dict.fromkeys([*(selection.columns or MAIN), selection.sort]))
    asked += [name for name in (selection.by,) if name and name not in asked]
    needed = dict.fromkeys([*points.settings, *asked, *sorted(where.columns), NODE, ERROR])
    lines = selection.lines(passing.those(selection.of(passing.all(points.read(list(needed))), where)))
    notes = [f"note: {said}" for said in (across_nodes(passing.nodes), fewer_units(passing.sharings)) if said]
    conditions_met = selection.where and selection.top is None
    met = f", {passing.found:,} meet {' and '.join(selection.where)}" if conditions_met else ""
    summary = f"{len(lines):,} of {counted(points.count, 'point')}{met}, {points.failed:,} failed"
    columns = dict.fromkeys([*passing.varying, *asked])
    return Selected(lines, list(columns), len(passing.varying), [*notes, summary])


def print_table(found: Selected) -> None:
    """What is selected, as a table in units."""
    table = Table(header_style="bold")
    for heading in _headings(found.columns):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in found.lines:
        table.add_row(*(human(name, row[name]) for name in found.columns))
    console = Terminal(width=terminal_columns())
    console.print_table(table, keys=found.keys)
    console.print_line(f"columns: {', '.join(found.columns)}")
    for line in found.below:
        console.print(line, highlight=False)


def _headings(names: Sequence[str]) -> list[str]:
    """The columns in words; those that have the same ones by their names."""
    words = [words_of(name) for name in names]
    return [name if words.count(said) > 1 else said for name, said in zip(names, words, strict=True)]


def across_nodes(nodes: Iterable[int | None]) -> str:
    """What a comparison of points must say if their SRAMs are of several `nodes`; else empty."""
    known = {node for node in nodes if node is not None}
    return f"SRAMs of {nodes_of(known)}: {ONLY_SRAM_FOLLOWS}" if len(known) > 1 else ""
