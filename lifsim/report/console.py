"""A run as a table on the terminal."""

from __future__ import annotations

from rich.table import Table

from lifsim.accounting.basis import prices_line
from lifsim.accounting.widths import assumed
from lifsim.errors import visible
from lifsim.report.buffer_table import buffer_table
from lifsim.report.change import figures
from lifsim.report.dram_line import dram_line, sleep_line
from lifsim.report.schedule_table import schedule_table
from lifsim.report.stage_table import stage_table
from lifsim.report.terminal import Terminal
from lifsim.simulate.bound import bound
from lifsim.simulate.result import Result

PIPE_WIDTH = 100  # columns where no terminal says how many it has


def print_result(result: Result, baseline: Result | None) -> None:
    """Totals with units; for a shared run also the run without sharing and the change against it."""
    table = Table(title=_title(result), title_justify="left", title_style="bold", header_style="bold")
    table.add_column("")
    table.add_column("")
    table.add_column(str(result.sharing), justify="right")
    if baseline:
        table.add_column("none", justify="right")
        table.add_column("change", justify="right")
    previous = ""
    for line in figures(result.totals, baseline.totals if baseline else None):
        if previous and line.group != previous:
            table.add_section()
        cells = [line.group if line.group != previous else "", line.name, line.value]
        if baseline:
            cells += [line.baseline or "-", line.change_text]
        table.add_row(*cells)
        previous = line.group
    console = Terminal()
    if not console.is_terminal:
        console = Terminal(width=PIPE_WIDTH)
    console.print(table)
    schedules = schedule_table(result, baseline)
    if schedules is not None:
        console.print(schedules)
    if result.stages:
        console.print(stage_table(result))
    if result.totals.dram is not None:
        did, energy = result.totals.dram, result.totals.energy_pj.dram
        spec = result.arch.dram.simulated
        console.print(dram_line(spec.name, did, energy), highlight=False)
        console.print(sleep_line(spec, did), highlight=False)
    buffers = buffer_table(result)
    if buffers is not None:
        console.print(buffers)
    console.print(f"prices: {visible(prices_line(result.arch))}", highlight=False)
    if result.advice:
        console.print(f"bound by {bound(result.totals.cycles)}: {result.advice}", highlight=False)
    for assumption in assumed(result.arch, result.network, result.sharing):
        console.print(f"assumption: {visible(assumption)}", style="dim", highlight=False)
    for note in result.notes:
        console.print(f"note: {visible(note)}", style="dim", highlight=False)


def _title(result: Result) -> str:
    array = result.arch.array
    return (
        f"{result.network.name}, T={result.network.timesteps}, batch {result.options.batch} on {result.arch.name} "
        f"({array.rows} x {array.cols} PEs, {array.dataflow}, {array.sparsity}), schedule {result.options.schedule}"
    )
