"""Which figures of runs are compared: those of tables in words and units, those of files by their dotted names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lifsim.errors import Fault, InputError, did_you_mean, shown
from lifsim.report.compare.runs import Run
from lifsim.report.quantities import KEPT, MAIN, Quantity, quantities
from lifsim.sweeps.outcome import figure_names
from lifsim.training.traffic import StageBytes
from lifsim.units import change_text, key_words

ALL = "all"
FIGURES: dict[str, tuple[str, ...]] = {
    "cycles": ("cycles", "bound"),
    "time": ("time_s", "pe_utilisation", "pe_utilisation_overall"),
    "operations": ("ops",),
    "dram": ("dram_bytes",),
    "accesses": ("sram_accesses", "register_accesses"),
    "energy": ("energy_pj",),
    "lif_update": ("lif_update_pj",),
    "area": ("area_mm2", "area_parts_mm2", "lif_units"),
    "lif_memory": ("lif_memory_bytes",),
}
"""By group of the tables' rows, the figures that it is of."""

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


@dataclass(frozen=True)
class Chosen:
    """What --rows names: groups, and figures by their dotted names; both empty: what is shown unasked."""

    groups: tuple[str, ...] = ()
    figures: tuple[str, ...] = ()

    @property
    def unasked(self) -> bool:
        """Whether nothing was chosen."""
        return not self.groups and not self.figures

    @classmethod
    def of(cls, names: Sequence[str], runs: Sequence[Run]) -> Chosen:
        """Raises InputError with every name that is none of a group or of a figure, be it of one of the `runs` that are
        there already."""
        of_runs = (name for run in runs for name in run.totals.figures)
        known = dict.fromkeys([*figure_names(), *(f"dram_bytes.{name}" for name in StageBytes().shown()), *of_runs])
        above = dict.fromkeys(name[:place] for name in known for place in _dots(name))
        groups, figures, faults = dict[str, None](), dict[str, None](), list[Fault]()
        for given in names:
            name = given.strip()
            group = name.lower().replace(" ", "_").replace("-", "_")
            if group == ALL:
                groups |= dict.fromkeys(FIGURES)
            elif group in FIGURES:
                groups[group] = None
            elif name in known or name in above:
                figures[name] = None
            else:
                hint = did_you_mean(name, [*FIGURES, ALL]) if "." not in name else did_you_mean(name, known)
                rule = f"{shown(name)} must be one of {', '.join(FIGURES)} or {ALL}, or a figure of summary.json"
                faults.append(Fault(f"{rule}{hint if 'did you mean' in hint else ''}", path="rows"))
        if faults:
            raise InputError(faults)
        return cls(tuple(groups), tuple(figures))

    def names(self, run: Run) -> dict[str, float | str]:
        """The figures of a run that are chosen, all of them unasked."""
        parts = [part for group in self.groups for part in FIGURES[group]] + list(self.figures)
        return {
            name: value
            for name, value in run.totals.figures.items()
            if self.unasked or any(name == part or name.startswith(f"{part}.") for part in parts)
        }


def _dots(name: str) -> Iterator[int]:
    return (place for place, sign in enumerate(name) if sign == ".")


def rows(runs: Sequence[Run], baseline: int, chosen: Chosen) -> tuple[Row, ...]:
    """The rows of a table: of groups those that are zero in no run, or in some; then single figures."""
    return (*_of_groups(runs, baseline, chosen), *_of_figures(runs, baseline, chosen))


def _of_groups(runs: Sequence[Run], baseline: int, chosen: Chosen) -> Iterator[Row]:
    found = [{_place(one): one for one in quantities(run)} for run in runs]
    for place in dict.fromkeys(place for one in found for place in one):
        row = [one.get(place) for one in found]
        told = [one for one in row if one is not None]
        if _is_chosen(told[0], chosen) and (any(one.value for one in told) or told[0].group == KEPT):
            values = [None if one is None else one.value for one in row]
            texts = ["-" if one is None else one.text for one in row]
            yield Row(told[0].group, _common(told), _cells(values, texts, baseline))


def _place(one: Quantity) -> str:
    """The same in every run."""
    return one.key or f"{one.group}, {one.name}"


def _common(told: Sequence[Quantity]) -> str:
    """What a row is called: of `backward, stored` and `backward, reversed` what both have."""
    names = {one.name for one in told}
    return told[0].name if len(names) == 1 else told[0].name.partition(",")[0]


def _is_chosen(one: Quantity, chosen: Chosen) -> bool:
    if chosen.unasked:
        return one.key in MAIN or any(one.key == part or one.key.startswith(f"{part}.") for part in USUAL)
    return one.group.lower().replace(" ", "_") in chosen.groups


def _of_figures(runs: Sequence[Run], baseline: int, chosen: Chosen) -> Iterator[Row]:
    found = [run.totals.figures for run in runs]
    for asked in chosen.figures:
        for name in dict.fromkeys(name for one in found for name in one):
            if name == asked or name.startswith(f"{asked}."):
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
