"""`lifsim plot fig1`."""

from __future__ import annotations

import click

from lifsim.cli.family import options_of
from lifsim.cli.memory_inputs import DEFAULT_MEMORY_WORKLOAD, MemoryOptions, read_memory_inputs
from lifsim.cli.plot.output import Output
from lifsim.cli.say import say


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
@options_of(MemoryOptions, "memory")
@options_of(Output, "output")
def fig1(
    workload: str,
    memory: MemoryOptions,
    output: Output,
) -> None:
    """What memory a network takes in inference and in training: weights, LIF membranes, activations."""
    from lifsim.report.figures import fig1 as figure_1
    from lifsim.report.figures.files import save_figure
    from lifsim.report.figures.style import canvas, house_style
    from lifsim.report.memory_table import memory_rows

    target = output.target("fig1")
    inputs = read_memory_inputs([workload], ["none"], memory)
    table = figure_1.table(memory_rows(inputs.networks, inputs.sharings, inputs.arch, inputs.batch))
    with house_style():
        figure, (axes,) = canvas(4.2, 2.8)
        figure_1.draw(table, axes)
        written = save_figure(figure, table, target)
    say(*map(str, written))
