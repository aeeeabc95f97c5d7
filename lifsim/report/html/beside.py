"""Several runs in one report: the comparison of `lifsim compare`, with charts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import attrgetter

from lifsim.accounting.energy import KINDS
from lifsim.lazy_dataclass import dataclass
from lifsim.report.compare.compared import Compared
from lifsim.report.compare.differences import counted_words, shown_and_counted
from lifsim.report.compare.runs import Run
from lifsim.report.compare.table import BESIDE, few, title_of
from lifsim.report.compare.unlike import other_work
from lifsim.report.energy_table import parts_of
from lifsim.report.html.chart import Bars, Chart, Column, Series, Table
from lifsim.report.html.charts.energy import COLOURS
from lifsim.report.html.charts.tensors import tensor_words
from lifsim.report.quantities import CAUSES, quantities
from lifsim.units import change_text

LEAST = {"cycles.total": "Cycles", "energy_pj.total": "Energy", "dram_bytes.total": "DRAM traffic"}
"""Figures whose lowest run is named."""


@dataclass(frozen=True)
class Cells:
    """A line of the table: its head, whether it begins a group, and the value and change of each run."""

    name: str
    begins: bool
    cells: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Sheet:
    """A table of all runs. heads: of columns."""

    heads: tuple[str, ...]
    lines: tuple[Cells, ...]

    @property
    def turned(self) -> Sheet:
        """Lines as columns."""
        heads = tuple(one.name for one in self.lines)
        cells = zip(*(one.cells for one in self.lines), strict=True)
        return Sheet(
            heads, tuple(Cells(name, begins=False, cells=mine) for name, mine in zip(self.heads, cells, strict=False))
        )


@dataclass(frozen=True)
class Beside:
    """runs: how many; title and sentence as of one run; against: which of them changes are against; warnings: in what
    they are not alike; failures: runs that could not be made, and why; notes below the figures; charts; csv: all
    figures."""

    runs: int
    title: str
    sentence: str
    against: str
    warnings: tuple[str, ...]
    failures: tuple[str, ...]
    figures: Sheet
    inputs: Sheet
    notes: tuple[str, ...]
    charts: tuple[Chart, ...]
    csv: str

    @classmethod
    def of(cls, compared: Compared) -> Beside:
        """What `lifsim compare` shows, with more room: up to eight runs a column each, more a line each."""
        shown, further = shown_and_counted(compared.differences)
        heads = tuple(run.label for run in compared.runs)
        lines = tuple(
            Cells(name, begins=False, cells=tuple((text, "") for text in texts))
            for name, texts in (one.words for one in shown)
        )
        figures, inputs = Sheet(heads, tuple(_figures(compared))), Sheet(heads, lines)
        many = len(heads) > BESIDE
        return cls(
            len(heads),
            title_of(compared),
            _sentence(compared),
            compared.baseline.label,
            compared.unlike,
            tuple(f"{one.label}: {'; '.join(one.why)}" for one in compared.failures),
            figures.turned if many else figures,
            inputs.turned if many else inputs,
            (*_not_shown(further), *compared.notes),
            tuple(_charts(compared.runs)),
            compared.csv,
        )


def _figures(compared: Compared) -> list[Cells]:
    rows = compared.rows if len(compared.runs) <= BESIDE else few(compared)
    previous, found = "", []
    for row in rows:
        name = row.name if row.group in ("time", "figures") else f"{row.group}, {row.name}"
        cells = tuple(
            (cell.text, "" if run is compared.baseline else cell.change_text)
            for cell, run in zip(row.cells, compared.runs, strict=True)
        )
        found.append(Cells(name, row.group != previous, cells))
        previous = row.group
    return found


def _not_shown(further: Mapping[str, int]) -> Iterator[str]:
    if further:
        yield f"inputs differ in keys that are not shown, too: {counted_words(further)} (comparison.csv has them)"


def _sentence(compared: Compared) -> str:
    """In what the runs are not alike, and, for runs that do the same work, which one has the lowest figures and how
    much more the others have."""
    if len(compared.runs) == 1:
        return "There is one run only."
    other = other_work(compared.runs)
    if other:
        return f"The runs are of different {' and '.join(other)}: none is better for having less of anything."
    told = " ".join(_least(compared.runs, key, name) for key, name in LEAST.items())
    return f"The runs are not alike: see below. {told}" if compared.unlike else told


def _least(runs: Sequence[Run], key: str, name: str) -> str:
    found = [next(one for one in quantities(run) if one.key == key) for run in runs]
    least, most = min(found, key=attrgetter("value")), max(found, key=attrgetter("value"))
    if least.value == most.value:
        return f"{name}: the same in all runs, {least.text}."
    best = " and ".join(run.label for run, one in zip(runs, found, strict=True) if one.value == least.value)
    over = f"up to {change_text(most.value / least.value - 1)}" if least.value else f"up to {most.text}"
    return f"{name}: least under {best}, {least.text}; the others {over}."


def _charts(runs: Sequence[Run]) -> list[Chart]:
    cycles = [{name: value for name, value in vars(run.totals.cycles).items() if name != "total"} for run in runs]
    moved = [{name: value for name, value in run.totals.dram_bytes.shown().items() if name != "total"} for run in runs]
    return [
        _chart(runs, "cycles", "Cycles of each run, by cause", "", cycles, lambda name: CAUSES.get(name, name)),
        _chart(runs, "dram", "DRAM bytes of each run, by tensor", "B", moved, tensor_words),
        _chart(runs, "energy", "Energy of each run, by what it is spent on", "pJ", [_spent(run) for run in runs], str),
        _chart(
            runs, "components", "Energy of each run, by component", "pJ",
            [{name.replace("_", " "): one.total for name, one in parts_of(run.totals.energy_pj)} for run in runs], str,
        ),
    ]  # fmt: skip


def _spent(run: Run) -> dict[str, float]:
    return {kind: getattr(run.totals.energy_pj.total, kind) for kind in KINDS}


def _chart(
    runs: Sequence[Run],
    key: str,
    title: str,
    unit: str,
    parts: Sequence[Mapping[str, float]],
    words: Callable[[str], str],
) -> Chart:
    names = tuple(run.label for run in runs)
    kinds = dict.fromkeys(name for one in parts for name in one)
    series = tuple(
        Series(words(name), COLOURS.get(name, place), tuple(one.get(name, 0) for one in parts))
        for place, name in enumerate(kinds)
        if any(one.get(name) for one in parts)
    )
    columns = (Column("run"), *(Column(one.name, unit) for one in series), Column("total", unit))
    sums = [sum(one.values()) for one in parts]
    rows = tuple(zip(names, *(one.values for one in series), sums, strict=True))
    total = Column("", unit)
    said = "; ".join(f"{name} {total.text(amount)}" for name, amount in zip(names, sums, strict=True))
    return Chart(f"runs-{key}", title, "", said, Bars(unit, names, series), Table(columns, rows))
