"""`lifsim plot fig7`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import click

from lifsim.cli.completing import archs, sharings
from lifsim.cli.family import FamilyCommand, options_of
from lifsim.cli.memory_options import MemoryOptions, memory_workload
from lifsim.cli.plot.output import Output
from lifsim.cli.usual_sharings import Choice
from lifsim.cli.where_possible import where_possible_option
from lifsim.config import defaults
from lifsim.lazy_dataclass import dataclass

SHARINGS = ",".join(defaults.FIG7_SHARINGS)


@dataclass(frozen=True)
class TrainingMemory(MemoryOptions):
    """The options of memory, for a machine that trains."""

    arch: Annotated[
        str,
        click.option(
            "--arch", shell_complete=archs, metavar="NAME|FILE", default=defaults.TRAINING_ARCH, show_default=True,
            help="Architecture that sets the precisions of training.",
        ),
    ]  # fmt: skip


@click.command(
    cls=FamilyCommand,
    epilog="""\b
Examples:
  lifsim plot fig7
  lifsim study --workload digits_cnn --epochs 2 --seeds 1 \\
      --sharing none,channel2 --out reports/small_study
  lifsim plot fig7 reports/small_study
  lifsim plot fig7 --workload resnet19_positions_imagenet100 \\
      --sharing none,layer+channel2 --out figures/fig7_positions.svg
""",
)
@click.argument("study", required=False, type=click.Path(path_type=Path))
@memory_workload
@click.option(
    "--sharing", "sharings", shell_complete=sharings, metavar="SHARING,...", show_default=SHARINGS.replace(",", ", "),
    help="LIF sharings beside none.",
)  # fmt: skip
@where_possible_option
@options_of(TrainingMemory, "memory")
@options_of(Output, "output")
def fig7(
    study: Path | None,
    workload: str,
    sharings: str | None,
    share_where_possible: bool,
    memory: TrainingMemory,
    output: Output,
) -> None:
    """Spike rates of trained networks, or memory in inference (forward) and in training (backward), under each sharing.

    With STUDY, a folder that `lifsim study` wrote, the spike rates are drawn; without it, the two memory panels.
    """
    from lifsim.cli.watching import watching
    from lifsim.report.plot import fig7 as figure

    target = output.place("fig7_rates" if study else "fig7")
    chosen = Choice.of(sharings, SHARINGS, where_possible=share_where_possible)
    with watching() as watch:
        figure(
            study,
            workload=workload,
            sharings=chosen.names if study else chosen.fitting_named([workload]),
            arch=memory.arch,
            overrides=memory.settings,
            timesteps=memory.timesteps,
            batch=memory.batch,
            out=target,
            style=output.style,
            size=output.size,
            watch=watch,
        )
