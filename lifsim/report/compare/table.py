"""A comparison on the terminal: in what the runs are not alike, what differs between their inputs, their figures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from rich import box
from rich.table import Table

from lifsim.errors import visible
from lifsim.report.compare.compared import Compared
from lifsim.report.compare.differences import Difference, counted_words, shown_and_counted
from lifsim.report.compare.rows import Cell, Row
from lifsim.report.compare.runs import Run
from lifsim.report.narrow import FOLDED, least_width, parts_of
from lifsim.report.quantities import KEPT
from lifsim.report.terminal import Terminal
from lifsim.report.width import terminal_columns, wrapped
from lifsim.units import counted

BESIDE = 8
"""Runs that stand beside each other; more stand below each other."""

ROOMY = 60
"""Columns of a terminal on which the names of figures keep their lines, up to a third of it."""

LONG = 24
"""Characters of an input that stand in one line."""

FEW = (
    ("cycles", "total"),
    ("DRAM", "total"),
    ("energy", "total"),
    ("energy", "total, work"),
    ("area", "total"),
    (KEPT, "forward"),
)
"""Rows that are columns where runs stand below each other."""


def print_comparison(compared: Compared) -> None:
    """Heading, what differs between machines, then the runs: a column a run, in blocks where the terminal is narrow; a
    line per run where there are many."""
    columns = terminal_columns()
    console = Terminal(width=columns)
    shown, further = shown_and_counted(compared.differences)
    heading = [title_of(compared)]
    if len(compared.runs) > 1:
        heading.append(f"changes are against {compared.baseline.label}")
    heading += [f"not alike: {line}" for line in compared.unlike]
    heading += [f"not run: {line}" for line in _not_run(compared)]
    _print_lines(console, heading[:1], "bold")
    _print_lines(console, heading[1:])
    console.print()
    of_machines = [one for one in shown if one.of_machine]
    if of_machines:
        console.print_table(_machines(compared, of_machines))
        console.print()
    of_runs = [one for one in shown if not one.of_machine]
    table, keys = (_a_line_a_run, 1) if len(compared.runs) > BESIDE else (_a_column_a_run, 2)
    made = table(compared, of_runs, "  ")
    if max(least_width(part, console) for part in parts_of(made, console, keys)) > columns:
        made = table(compared, of_runs, "\n")  # changes have lines of their own
    console.print_table(made, keys)
    notes = list(compared.notes)
    if further:
        said = counted_words(further)
        notes.insert(0, f"inputs differ in keys that are not shown, too: {said} (--format json has them)")
    _print_lines(console, [f"note: {note}" for note in notes], "dim")


def _print_lines(console: Terminal, lines: Sequence[str], style: str | None = None) -> None:
    for line in lines:
        for part in wrapped(visible(line), console.width):
            console.print(part, style=style, highlight=False, soft_wrap=True)


def _not_run(compared: Compared) -> Iterator[str]:
    """Why, and of which runs."""
    for why in dict.fromkeys(why for one in compared.failures for why in one.why):
        yield f"{', '.join(one.label for one in compared.failures if why in one.why)}: {why}"


def title_of(compared: Compared) -> str:
    """What all runs have in common."""
    runs = compared.runs
    told: list[Callable[[Run], str]] = [
        lambda run: f"T={run.told('workload', 'timesteps')}",
        lambda run: f"batch {run.options.batch}",
        lambda run: run.options.mode,
        _schedule,
    ]
    same = [
        f"{prefix} {name}" for prefix, name in (("of", _one(runs, "network")), ("on", _one(runs, "machine"))) if name
    ]
    words = [" ".join([counted(len(runs), "run"), *same])]
    return ", ".join(words + [of(runs[0]) for of in told if len(set(map(of, runs))) == 1])


def _one(runs: Sequence[Run], name: str) -> str:
    """What all have, or nothing."""
    names = {getattr(run, name) for run in runs}
    return str(names.pop()) if len(names) == 1 else ""


def _schedule(run: Run) -> str:
    return f"schedule {run.options.schedule}" if run.options.groups is None else "groups as given"


def _new_table() -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), header_style="bold")
    table.show_edge = table.pad_edge = False
    return table


def _machines(compared: Compared, of_machines: Sequence[Difference]) -> Table:
    """What differs between architectures, each once."""
    table = _new_table()
    table.add_column("machines", no_wrap=True)
    first = {run.machine: place for place, run in reversed(list(enumerate(compared.runs)))}
    places = sorted(first.values())
    for place in places:
        table.add_column(visible(compared.runs[place].machine), justify="right", no_wrap=True)
    for one in of_machines:
        name, texts = one.words
        table.add_row(visible(name), *(_broken(texts[place]) for place in places))
    return table


def _a_column_a_run(compared: Compared, shown: Sequence[Difference], between: str) -> Table:
    """between: what parts a figure and its change."""
    width = terminal_columns()
    table = _new_table()
    table.add_column("", no_wrap=True)
    widest = max((len(row.name) for row in compared.rows), default=0)
    table.add_column("", min_width=min(widest, width // FOLDED) if width >= ROOMY else None)
    for run in compared.runs:
        table.add_column(visible(run.label), justify="right", no_wrap=True)
    for index, one in enumerate(shown):
        name, texts = one.words
        table.add_row("inputs" if not index else "", visible(name), *map(_broken, texts))
    if shown:
        table.add_section()
    columns = zip(*(row.cells for row in compared.rows), strict=True)
    cells = [_aligned(column, run, compared, between) for column, run in zip(columns, compared.runs, strict=False)]
    previous = ""
    for index, row in enumerate(compared.rows):
        if previous and row.group != previous:
            table.add_section()
        table.add_row(row.group if row.group != previous else "", row.name, *(column[index] for column in cells))
        previous = row.group
    return table


def _a_line_a_run(compared: Compared, shown: Sequence[Difference], between: str) -> Table:
    """Lines have numbers, by which their parts below each other are found again."""
    table = _new_table()
    table.add_column("", justify="right", no_wrap=True)
    table.add_column("run", no_wrap=True)
    # Of runs that were made for it their labels say what they are.
    words = [one.words for one in shown] if any(run.stored for run in compared.runs) else []
    for name, _ in words:
        table.add_column(visible(name), justify="right", no_wrap=True)
    picked = few(compared)
    for row in picked:
        table.add_column(row.name if row.group in ("time", "figures") else f"{row.group} {row.name}", justify="right")
    columns = [_below(row, compared, between) for row in picked]
    for index, run in enumerate(compared.runs):
        inputs = (_broken(texts[index]) for _, texts in words)
        table.add_row(str(index + 1), visible(run.label), *inputs, *(column[index] for column in columns))
    return table


def few(compared: Compared) -> Sequence[Row]:
    """The rows that a table of many runs has as columns: those that were asked for, or the first ones to look at."""
    if compared.chosen.asked:
        return compared.rows
    return [row for row in compared.rows if (row.group, row.name) in FEW]


def _below(row: Row, compared: Compared, between: str) -> list[str]:
    """The cells of a row below each other."""
    value = max(len(cell.text) for cell in row.cells)
    change = max(len(cell.change_text) for cell in row.cells)
    changes = (
        "" if run is compared.baseline else cell.change_text for cell, run in zip(row.cells, compared.runs, strict=True)
    )
    return [f"{cell.text:>{value}}{between}{told:>{change}}" for cell, told in zip(row.cells, changes, strict=True)]


def _broken(text: str) -> str:
    """A long text in several lines."""
    return "\n".join(wrapped(visible(text), LONG, indent=0))


def _aligned(cells: Sequence[Cell], run: Run, compared: Compared, between: str) -> list[str]:
    """Values below each other, and changes."""
    if run is compared.baseline:
        return [cell.text for cell in cells]
    value = max((len(cell.text) for cell in cells), default=0)
    change = max((len(cell.change_text) for cell in cells), default=0)
    return [f"{cell.text:>{value}}{between}{cell.change_text:>{change}}" for cell in cells]
