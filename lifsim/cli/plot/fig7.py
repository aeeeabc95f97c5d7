"""`lifsim plot fig7`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from lifsim.cli.memory_inputs import DEFAULT_MEMORY_WORKLOAD, memory_options, read_memory_inputs
from lifsim.cli.plot.output import figure_options
from lifsim.cli.say import say
from lifsim.cli.usual_sharings import Choice

SHARINGS = "none,layer,channel2,layer+channel2"


@click.command(
    epilog="""\b
Examples:
  lifsim plot fig7
  lifsim plot fig7 reports/digits
  lifsim plot fig7 --workload resnet19_positions_imagenet100 --sharing none,layer+channel2 --out fig7.svg
"""
)
@click.argument("study", required=False, type=click.Path(path_type=Path))
@click.option(
    "--workload", metavar="NAME|FILE", default=DEFAULT_MEMORY_WORKLOAD, show_default=True, help="The network."
)
@click.option(
    "--sharing", "sharings", metavar="SHARING,...", show_default=SHARINGS,
    help="LIF sharings beside none.",
)  # fmt: skip
@memory_options
@figure_options
def fig7(
    study: Path | None,
    workload: str,
    sharings: str | None,
    arch: str,
    overrides: tuple[str, ...],
    timesteps: int | None,
    batch: int,
    out: Path | None,
    force: bool,
) -> None:
    """Spike rate of trained networks; memory in inference (forward) and in training (backward) under each sharing.

    STUDY is a folder that `lifsim study` wrote: with it, its spike rates are drawn; without, the memory halves.
    """
    from lifsim.report.figures import fig1, fig7_memory
    from lifsim.report.figures.files import figure_path, save_figure
    from lifsim.report.figures.style import canvas, house_style
    from lifsim.report.memory_table import memory_rows

    target = figure_path(out, "fig7_rates" if study else "fig7", force=force)
    if study is not None:
        say(*map(str, _rates(study, target)))
        return
    chosen = Choice.of(sharings, SHARINGS)
    chosen = replace(chosen, names=tuple(dict.fromkeys(["none", *chosen.names])))
    inputs = read_memory_inputs([workload], chosen, arch, overrides, timesteps, batch)
    table = fig1.table(memory_rows(inputs.networks, inputs.sharings, inputs.arch, inputs.batch))
    with house_style():
        figure, panels = canvas(7.2, 2.8, cols=2)
        fig7_memory.draw(table, panels)
        figure.suptitle(f"{workload}, T={table['timesteps'].iloc[0]}, batch {batch}", fontsize=9)
        written = save_figure(figure, table, target)
    say(*map(str, written))


def _rates(study: Path, target: Path) -> tuple[Path, Path]:
    """Draw the left half, from a study."""
    from lifsim.cli.plot.study_inputs import read_study
    from lifsim.report.figures import fig7_rates
    from lifsim.report.figures.files import save_figure
    from lifsim.report.figures.style import canvas, house_style

    trained, network, _ = read_study(study)
    table = fig7_rates.table(trained.trials)
    with house_style():
        figure, (axes,) = canvas(4.4, 2.6)
        fig7_rates.draw(table, axes)
        axes.set_title(f"{network.name}, {table['seeds'].min()} seeds")
        return save_figure(figure, table, target)
