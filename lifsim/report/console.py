"""A run as a table on the terminal."""

from __future__ import annotations

from rich.table import Table

from lifsim.accounting.basis import prices_line
from lifsim.errors import visible
from lifsim.play.bound import bound_words
from lifsim.report.beside_table import beside_table
from lifsim.report.buffer_table import buffer_table
from lifsim.report.change import figures
from lifsim.report.dram_line import dram_line, sleep_line
from lifsim.report.energy_table import energy_table
from lifsim.report.rates_line import rates_line
from lifsim.report.schedule_table import schedule_table
from lifsim.report.stage_table import stage_table
from lifsim.report.summary import Around
from lifsim.report.terminal import Terminal
from lifsim.report.width import terminal_columns
from lifsim.simulate.result import Result
from lifsim.sweeps.beside import Comparison
from lifsim.units import counted

BOTH_WIDTH = 104  # columns that two baselines need
PIPE_WIDTH = 110  # columns where no terminal says how many it has


def print_result(result: Result, around: Around) -> None:
    """What of a shared run is sharing; then totals with units, and those of the runs without sharing beside them: like
    beside like first; what assumed spike rates leave open."""
    comparison, console = around.comparison, Terminal(width=terminal_columns(PIPE_WIDTH))
    if comparison is not None:
        console.print_table(beside_table(comparison))
    both = console.width >= BOTH_WIDTH or comparison is None or len(comparison.baselines) == 1
    console.print_table(_totals(result, {} if comparison is None else _beside(comparison, both=both)), keys=2)
    if not both:
        console.print(
            "none as it is stands beside them in summary.json, and here from 104 columns on",
            style="dim",
            highlight=False,
        )
    console.print_table(energy_table(result.totals.energy_pj))
    schedules = schedule_table(result, comparison)
    if schedules is not None:
        console.print_table(schedules)
    if result.stages:
        console.print_table(stage_table(result))
    if result.totals.dram is not None:
        did, energy = result.totals.dram, result.totals.energy_pj.dram
        spec = result.arch.dram.simulated
        console.print(dram_line(spec.name, did, energy), highlight=False)
        console.print(sleep_line(spec, did), highlight=False)
    buffers = buffer_table(result)
    if buffers is not None:
        console.print_table(buffers)
    console.print(f"prices: {visible(prices_line(result.arch))}", highlight=False)
    if result.advice:
        words = bound_words(result.totals.cycles, result.totals.pe_utilisation)
        console.print(f"bound by {words}: {result.advice}", highlight=False)
    for assumption in result.assumed.lines:
        console.print(f"assumption: {visible(assumption)}", style="dim", highlight=False)
    if around.rates is not None:
        console.print(rates_line(around.rates), highlight=False)
    for note in result.notes:
        console.print(f"note: {visible(note)}", style="dim", highlight=False)


def _totals(result: Result, beside: dict[str, Result]) -> Table:
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
    alike = {"none,\nalike": comparison.alike.result}
    return alike | {"none,\nas it is": comparison.machine.result} if both else alike


def _title(result: Result) -> str:
    array = result.arch.array
    return (
        f"{result.network.name}, T={result.network.timesteps}, batch {result.options.batch} on {result.arch.name} "
        f"({array.rows} x {array.cols} PEs, {array.dataflow}, {array.sparsity}), {_schedule(result)}"
    )


def _schedule(result: Result) -> str:
    """The one asked for, and what it came to."""
    asked = f"schedule {result.options.schedule}" if result.options.groups is None else "groups as given"
    if result.plan is None:
        return asked
    alone = sum(group.tick_batched for group in result.plan.groups)
    windows = sum(group.tiled for group in result.plan.groups) - alone
    between = f"{windows} in windows, " if windows else ""
    turns = len(result.plan.layers) - alone - windows
    return f"{asked}: {counted(alone, 'layer')} tick-batched, {between}{turns} timestep by timestep"
