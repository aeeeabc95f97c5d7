"""A run on the terminal: the first screen, a table of layers, or all figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lifsim.accounting.basis import prices_line
from lifsim.play.bound import bound_words
from lifsim.report.beside_table import beside_table
from lifsim.report.buffer_table import buffer_table
from lifsim.report.change import figures
from lifsim.report.dram_line import dram_line, sleep_line
from lifsim.report.energy_table import energy_table
from lifsim.report.exit_lines import exit_lines
from lifsim.report.first_screen import print_first_screen
from lifsim.report.layer_table import print_layers
from lifsim.report.plain import Plain, is_plain
from lifsim.report.rates_line import rates_line
from lifsim.report.schedule_table import schedule_table
from lifsim.report.summary import Around
from lifsim.report.width import terminal_columns
from lifsim.simulate.result import Result
from lifsim.sweeps.beside import Comparison

if TYPE_CHECKING:
    from rich.table import Table

    from lifsim.report.terminal import Terminal

BOTH_WIDTH = 104  # columns that two baselines need


def print_result(result: Result, around: Around, *, full: bool = False, layers: bool = False) -> None:
    """The first screen, or all figures if they are asked for in `full`; then the table of `layers`."""
    if is_plain() and not full and not layers:
        print_first_screen(result, around, Plain(terminal_columns()))
        return
    from lifsim.report.terminal import Terminal

    console = Terminal(width=terminal_columns())
    if full:
        _print_all(result, around, console)
    else:
        print_first_screen(result, around, console)
    if layers:
        console.print()
        print_layers(result, console)


def _print_all(result: Result, around: Around, console: Terminal) -> None:
    """What of a shared run is sharing; then totals with units, and those of the runs without sharing beside them: like
    beside like first; what assumed spike rates leave open."""
    comparison = around.comparison
    if comparison is not None:
        console.print_table(beside_table(comparison))
    both = console.width >= BOTH_WIDTH or comparison is None or len(comparison.baselines) == 1
    console.print_table(_totals(result, {} if comparison is None else _beside(comparison, both=both)), keys=2)
    if not both:
        console.print_line("none as it is: in summary.json, and here from 104 columns on", style="dim")
    console.print_table(energy_table(result.totals.energy_pj))
    schedules = schedule_table(result, comparison)
    if schedules is not None:
        console.print_table(schedules)
    if result.stages:
        from lifsim.report.stage_table import stage_table

        console.print_table(stage_table(result))
    if result.totals.dram is not None:
        did, energy = result.totals.dram, result.totals.energy_pj.dram
        spec = result.arch.dram.simulated
        console.print_line(dram_line(spec.name, did, energy))
        console.print_line(sleep_line(spec, did))
    buffers = buffer_table(result)
    if buffers is not None:
        console.print_table(buffers)
    console.print_line(f"prices: {prices_line(result.arch)}")
    if result.advice:
        words = bound_words(result.totals.cycles, result.totals.pe_utilisation)
        console.print_line(f"bound by {words}: {result.advice}")
    for line in exit_lines(around.exits) if around.exits else ():
        console.print_line(f"early exit: {line}")
    for assumption in result.assumed.lines:
        console.print_line(f"assumption: {assumption}", style="dim")
    if around.rates is not None:
        console.print_line(rates_line(around.rates))
    for note in result.notes:
        console.print_line(f"note: {note}", style="dim")


def _totals(result: Result, beside: dict[str, Result]) -> Table:
    from rich.table import Table

    table = Table(title=_title(result), title_justify="left", title_style="bold", header_style="bold")
    table.add_column("")
    table.add_column("")
    table.add_column(str(result.sharing), justify="right", no_wrap=True)
    for name in beside:
        table.add_column(name, justify="right", no_wrap=True)
        table.add_column("change", justify="right", no_wrap=True)
    previous = ""
    for line in figures(result, list(beside.values())):
        if previous and line.group != previous:
            table.add_section()
        cells = [line.group if line.group != previous else "", line.name, line.value]
        for against in line.baselines:
            cells += [against.value, against.change_text]
        table.add_row(*cells)
        previous = line.group
    return table


def _beside(comparison: Comparison, *, both: bool) -> dict[str, Result]:
    """Runs without sharing, by what they are called: one where sharing brings nothing but itself. both: whether there
    is room for the machine as it is beside the one that is alike."""
    if len(comparison.baselines) == 1:
        return {"none": comparison.machine.result}
    alike = {"none, alike": comparison.alike.result}
    return alike | {"none, as it is": comparison.machine.result} if both else alike


def _title(result: Result) -> str:
    array = result.arch.array
    schedule = "" if result.options.groups is not None else "schedule "
    return (
        f"{result.network.name}, T={result.network.timesteps}, batch {result.options.batch} on {result.arch.name} "
        f"({array.rows} x {array.cols} PEs, {array.dataflow}, {array.sparsity}), {schedule}{result.schedule_words}"
    )
