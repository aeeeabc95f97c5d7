"""`lifsim plot fig7`."""

from __future__ import annotations

from pathlib import Path

import click

from lifsim.cli.memory_inputs import DEFAULT_MEMORY_WORKLOAD, memory_options, read_memory_inputs
from lifsim.cli.plot.output import figure_options


@click.command(
    epilog="""\b
Examples:
  lifsim plot fig7
  lifsim plot fig7 --workload resnet19_positions_imagenet100 --sharing none,layer+channel2 --out fig7.svg
"""
)
@click.option(
    "--workload", metavar="NAME|FILE", default=DEFAULT_MEMORY_WORKLOAD, show_default=True, help="The network."
)
@click.option(
    "--sharing", "sharings", metavar="SHARING,...", default="none,layer,channel2,layer+channel2", show_default=True,
    help="LIF sharings beside none.",
)  # fmt: skip
@memory_options
@figure_options
def fig7(
    workload: str,
    sharings: str,
    arch: str,
    overrides: tuple[str, ...],
    timesteps: int | None,
    batch: int,
    out: Path | None,
    force: bool,
) -> None:
    """Memory in inference (forward) and in training (backward) under each sharing."""
    from lifsim.report.figures import fig1, fig7_memory
    from lifsim.report.figures.files import figure_path, save_figure
    from lifsim.report.figures.style import canvas, house_style
    from lifsim.report.memory_table import memory_rows

    target = figure_path(out, "fig7", force=force)
    names = dict.fromkeys(["none", *sharings.split(",")])
    inputs = read_memory_inputs([workload], list(names), arch, overrides, timesteps, batch)
    table = fig1.table(memory_rows(inputs.networks, inputs.sharings, inputs.arch, inputs.batch))
    with house_style():
        figure, panels = canvas(7.2, 2.8, cols=2)
        fig7_memory.draw(table, panels)
        figure.suptitle(f"{workload}, T={table['timesteps'].iloc[0]}, batch {batch}", fontsize=9)
        written = save_figure(figure, table, target)
    click.echo("\n".join(map(str, written)))
