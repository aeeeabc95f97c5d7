"""`lifsim trace info`: what is in a trace."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from lifsim.cli.completing import workloads
from lifsim.cli.watching import watching
from lifsim.config.workload import load_workload
from lifsim.csv_text import csv_text
from lifsim.trace.opening import open_trace
from lifsim.trace.source import Trace
from lifsim.trace.statistics import LayerStatistics, statistics
from lifsim.units import counted


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--workload", shell_complete=workloads, metavar="NAME|FILE", help="Network that the trace must fit. Default: any."
)
@click.option(
    "--format",
    "output",
    type=click.Choice(["table", "json", "csv"]),
    default="table",
    show_default=True,
    help="How to print it.",
)
def info(file: Path, workload: str | None, output: str) -> None:
    """Show what is in FILE, a trace or a plain .npz archive of spikes, after checking all of it.

    Per layer: the share of ones at each timestep and over all, the neurons that are silent (fire in no timestep of
    their image) or always fire, and the mean number of spikes of the neurons that fire at all.

    \b
    Examples:
      lifsim trace make --workload lenet5_mnist --out results/informative.npz
      lifsim trace info results/informative.npz
      lifsim trace info results/informative.npz --format json
    """
    network = load_workload(workload) if workload is not None else None
    with open_trace(file, network) as trace, watching() as watch:
        layers = statistics(trace, watch)
    match output:
        case "json":
            click.echo(json.dumps(_as_json(trace, layers), indent=1))
        case "csv":
            _print_csv(layers)
        case _:
            _print_table(trace, layers)


def _as_json(trace: Trace, layers: tuple[LayerStatistics, ...]) -> dict[str, Any]:
    return {
        "workload": trace.workload,
        "sharing": trace.sharing,
        "timesteps": trace.timesteps,
        "batch": trace.batch,
        "seed": trace.seed,
        "provenance": trace.provenance,
        "layers": [_row(layer) | {"shape": list(layer.shape), "rates": list(layer.rates)} for layer in layers],
    }


def _row(layer: LayerStatistics) -> dict[str, Any]:
    return {
        "layer": layer.name,
        "shape": _shape(layer),
        "ones": sum(layer.ones),
        "rate": layer.rate,
        "silent_share": layer.silent_share,
        "always_share": layer.always_share,
        "spikes_per_active_neuron": layer.spikes_per_active_neuron,
    }


def _print_csv(layers: tuple[LayerStatistics, ...]) -> None:
    steps = [f"rate_t{step}" for step in range(max(len(layer.rates) for layer in layers))]
    rows = (_row(layer) | dict(zip(steps, layer.rates, strict=False)) for layer in layers)
    click.echo(csv_text([*_row(layers[0]), *steps], rows), nl=False)


def _print_table(trace: Trace, layers: tuple[LayerStatistics, ...]) -> None:
    from rich.table import Table

    from lifsim.report.terminal import Terminal
    from lifsim.report.width import terminal_columns

    table = Table("layer", "shape", box=None, pad_edge=False, header_style="bold")
    for heading in ("rate %", "silent %", "spikes/active"):
        table.add_column(heading, justify="right")
    table.add_column("rate % per timestep")
    for layer in layers:
        shares = (f"{100 * share:.2f}" for share in (layer.rate, layer.silent_share))
        rates = " ".join(f"{100 * rate:.2f}" for rate in layer.rates)
        table.add_row(layer.name, _shape(layer), *shares, f"{layer.spikes_per_active_neuron:.2f}", rates)
    console = Terminal(highlight=False, width=terminal_columns())
    extent = f"sharing {trace.sharing}, {counted(trace.timesteps, 'timestep')}, batch {trace.batch}"
    console.print_line(f"{trace.workload or 'any workload'}, {extent}")
    if trace.provenance:
        console.print_line(trace.provenance)
    console.print_table(table)


def _shape(layer: LayerStatistics) -> str:
    return "x".join(map(str, layer.shape))
