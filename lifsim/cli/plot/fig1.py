"""`lifsim plot fig1`."""

from __future__ import annotations

from pathlib import Path

import click

from lifsim.cli.memory_inputs import DEFAULT_MEMORY_WORKLOAD, memory_options, read_memory_inputs
from lifsim.cli.plot.output import figure_options
from lifsim.cli.say import say
from lifsim.cli.usual_sharings import Choice


@click.command(
    epilog="""\b
Examples:
  lifsim plot fig1
  lifsim plot fig1 --workload resnet19_imagenet100 --timesteps 4 --batch 16 --out fig1.pdf
"""
)
@click.option(
    "--workload", metavar="NAME|FILE", default=DEFAULT_MEMORY_WORKLOAD, show_default=True, help="The network."
)
@memory_options
@figure_options
def fig1(
    workload: str,
    arch: str,
    overrides: tuple[str, ...],
    timesteps: int | None,
    batch: int,
    out: Path | None,
    force: bool,
) -> None:
    """What memory a network takes in inference and in training: weights, LIF membranes, activations."""
    from lifsim.report.figures import fig1 as figure_1
    from lifsim.report.figures.files import figure_path, save_figure
    from lifsim.report.figures.style import canvas, house_style
    from lifsim.report.memory_table import memory_rows

    target = figure_path(out, "fig1", force=force)
    inputs = read_memory_inputs([workload], Choice(("none",), asked=True), arch, overrides, timesteps, batch)
    table = figure_1.table(memory_rows(inputs.networks, inputs.sharings, inputs.arch, inputs.batch))
    with house_style():
        figure, (axes,) = canvas(4.2, 2.8)
        figure_1.draw(table, axes)
        written = save_figure(figure, table, target)
    say(*map(str, written))
