"""The rows of a comparison: one figure of all runs, in words and units, with changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from lifsim.lazy_dataclass import dataclass
from lifsim.play.bound import bound, in_words
from lifsim.report.compare.chosen import BOUND, FIGURES, Chosen, meant
from lifsim.report.compare.runs import Run
from lifsim.report.quantities import KEPT, MAIN, Quantity, quantities
from lifsim.units import change_text, key_words

USUAL = ("dram_bytes", "energy_pj.compute", "energy_pj.sram", "energy_pj.dram")
"""Figures that a table has unasked beside `MAIN`."""


@dataclass(frozen=True)
class Cell:
    """What one run has in a row. change: as a share of the baseline's, None of nothing or of words."""

    value: float | str | None
    text: str
    change: float | None
    against: float | str | None

    @property
    def change_text(self) -> str:
        """`-12.3 %`, `=`, `new` of what the baseline has none of, or empty."""
        if isinstance(self.value, str) or isinstance(self.against, str) or self.value is None or self.against is None:
            return ""
        if not self.against:
            return "new" if self.value else "="
        return change_text(self.change)


@dataclass(frozen=True)
class Row:
    """One figure of all runs, in their order."""

    group: str
    name: str
    cells: tuple[Cell, ...]


def rows(runs: Sequence[Run], baseline: int, chosen: Chosen) -> tuple[Row, ...]:
    """The rows of a table, those of a group below each other: of whole groups those that some run has something of."""
    catalogue = _catalogue(runs)
    usual = [one for one in catalogue.values() if _is_usual(_told(one)[0])]
    found = [] if chosen.asked else [*(_row(one, baseline) for one in usual if _is_something(one)), _bound(runs)]
    for asked in chosen.asked:
        if asked in FIGURES:
            group = (one for one in catalogue.values() if _told(one)[0].group.lower().replace(" ", "_") == asked)
            found += [_row(one, baseline) for one in group if _is_something(one)]
            found += [_bound(runs)] if asked == "cycles" else []
        else:
            found += _of_figure(asked, runs, baseline, catalogue)
    groups = list(dict.fromkeys(row.group for row in found))
    return tuple(dict.fromkeys(sorted(found, key=lambda row: groups.index(row.group))))


def _bound(runs: Sequence[Run]) -> Row:
    """Where most of the cycles go."""
    names = [bound(run.totals.cycles) for run in runs]
    return Row("cycles", "bound by", _cells(names, [*map(in_words, names)], 0))


Told = Sequence[Quantity | None]
"""What each run has of a row; None: it has none."""


def _told(row: Told) -> list[Quantity]:
    return [one for one in row if one is not None]


def _is_something(row: Told) -> bool:
    return any(one.value for one in _told(row)) or _told(row)[0].group == KEPT


def _is_usual(one: Quantity) -> bool:
    return one.key in MAIN or any(one.key == part or one.key.startswith(f"{part}.") for part in USUAL)


def _catalogue(runs: Sequence[Run]) -> dict[str, Told]:
    """What each run has of every row that tables know, in the order of the run that has most."""
    found = [{_place(one): one for one in quantities(run)} for run in runs]
    places = dict.fromkeys(place for one in sorted(found, key=len, reverse=True) for place in one)
    return {place: [one.get(place) for one in found] for place in places}


def _row(row: Told, baseline: int) -> Row:
    told = _told(row)
    values, texts = zip(*((None, "-") if one is None else (one.value, one.text) for one in row), strict=True)
    return Row(told[0].group, _common(told), _cells(values, texts, baseline))


def _place(one: Quantity) -> str:
    """The same in every run."""
    return one.key or f"{one.group}, {one.name}"


def _common(told: Sequence[Quantity]) -> str:
    """What a row is called: of `backward, stored` and `backward, reversed` what both have."""
    names = {one.name for one in told}
    return told[0].name if len(names) == 1 else told[0].name.partition(",")[0]


def _of_figure(asked: str, runs: Sequence[Run], baseline: int, catalogue: Mapping[str, Told]) -> Iterator[Row]:
    """The quantities that tables have words for."""
    found = [run.totals.figures for run in runs]
    for name in meant(asked, dict.fromkeys(name for one in found for name in one)):
        if name == BOUND:
            yield _bound(runs)
        elif name in catalogue:
            yield _row(catalogue[name], baseline)
        else:
            values = [one.get(name) for one in found]
            yield Row("figures", name, _cells(values, [_figure_text(name, value) for value in values], baseline))


def _figure_text(name: str, value: float | str | None) -> str:
    """With its unit: that of the name, or of what stands above it."""
    unit = next((part for part in reversed(name.split(".")) if part.endswith(("_bytes", "_pj", "_hz"))), "")
    if isinstance(value, float) and not unit:
        return f"{value:,.6g}"
    return key_words(unit, value)[1]


def _cells(values: Sequence[float | str | None], texts: Sequence[str], baseline: int) -> tuple[Cell, ...]:
    against = values[baseline]
    return tuple(Cell(value, text, change(value, against), against) for value, text in zip(values, texts, strict=True))


def change(value: object, against: object) -> float | None:
    """How much more, as a share; None of nothing, or of words."""
    numbers = isinstance(value, int | float) and isinstance(against, int | float)
    return value / against - 1 if numbers and against else None  # type: ignore[operator]
