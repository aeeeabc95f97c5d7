"""The first screen of `lifsim run`: about ten lines that answer an architect's questions, and where to find the
rest."""

from __future__ import annotations

from collections.abc import Iterator

from lifsim.note import decisive
from lifsim.play.bound import stalls
from lifsim.report.beside_table import brief_beside_columns
from lifsim.report.exit_lines import exit_lines
from lifsim.report.plain import Columns, Screen
from lifsim.report.rates_line import rates_brief
from lifsim.report.summary import Around
from lifsim.simulate.result import Result
from lifsim.units import counted, format_bytes, format_si

MOST_ASSUMPTIONS = 4
"""That are told at once; the others are counted."""


def print_first_screen(result: Result, around: Around, screen: Screen) -> None:
    """Print main figures, which part of a shared run's change is sharing's own, and the assumptions that could change a
    decision."""
    figures, told = result.brief.figures, assumptions(result, around)
    width = max(map(len, figures)) + 2
    screen.print_line(result.brief.title, style="bold")
    for name, text in figures.items():
        screen.print_line(text, label=name, width=width)
    for index, line in enumerate(exit_lines(around.exits) if around.exits else ()):
        screen.print_line(line, label="" if index else "exiting", width=width)
    if result.stages:
        screen.print_columns(stage_columns(result))
    if around.comparison is not None:
        screen.print_columns(brief_beside_columns(around.comparison))
    for name, text in _ends(told[:MOST_ASSUMPTIONS], more_notes(result, around, len(told[:MOST_ASSUMPTIONS]))):
        screen.print_line(text, label=name, width=width)


def assumptions(result: Result, around: Around) -> tuple[str, ...]:
    """The assumptions that could change a decision, one line each."""
    rates = () if around.rates is None else (rates_brief(around.rates),)
    return (*decisive(result.notes), *rates, *decisive(result.assumed.lines))


def more_notes(result: Result, around: Around, told: int) -> int:
    """The notes and assumptions of the run that these lines do not tell."""
    return len(result.notes) + len(result.assumed.lines) + (around.rates is not None) - told


def _ends(told: tuple[str, ...], more: int) -> Iterator[tuple[str, str]]:
    for index, line in enumerate(told):
        yield "" if index else "assumed", line
    notes = f"{counted(more, 'more note')} and all figures" if more else "all figures"
    yield "more", f"{notes}: --full; every layer: --layers"


def stage_columns(result: Result) -> Columns:
    """A line per stage of a training run: its cycles, how many of them wait, its DRAM bytes and its energy."""
    rows = []
    for name, stage in result.stages.items():
        cycles, energy = stage.cycles, stage.energy_pj.total
        waiting = sum(stalls(cycles).values()) / max(1, cycles.total)
        spent = (format_si(pj * 1e-12, "J") for pj in (energy.total, energy.work))
        moved = format_bytes(stage.dram_bytes.total)
        rows.append((name.replace("_", " "), f"{cycles.total:,}", f"{waiting:.1%}", moved, *spent))
    return Columns(("stage", "cycles", "waiting", "DRAM", "energy", "of it work"), tuple(rows))
