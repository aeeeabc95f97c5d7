"""`lifsim plot schedule`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from lifsim.cli.family import FamilyCommand, options_of
from lifsim.cli.inputs import ScheduledSimulation
from lifsim.cli.option_values import number
from lifsim.cli.plot.output import Output

if TYPE_CHECKING:
    from lifsim.report.figures.schedule_work import Over
    from lifsim.simulate.inputs import Inputs


@click.command(
    cls=FamilyCommand,
    epilog="""\b
Examples:
  lifsim plot schedule --schedule timestep
  lifsim plot schedule --workload vgg16_efficientlif_cifar10 \\
      --sharing layer --layers conv1:conv4 --out figures/strips.pdf
  lifsim plot schedule --workload vgg9_cifar10 --schedule window:2 \\
      --batch 4 --chunk 2 --image 3 --over visits --out figures/windows.svg
""",
)
@click.option("--layers", metavar="FIRST:LAST", help="Draw these layers only. Default: all.")
@click.option("--image", metavar="N", callback=number, help="Draw the work on this image only, from 1. Default: all.")
@click.option(
    "--over",
    type=click.Choice(("cycles", "visits")),
    default="cycles",
    show_default=True,
    help="Horizontal axis: simulated time, or visits of equal width.",
)
@options_of(ScheduledSimulation, "simulation")
@options_of(Output, "output")
def schedule(
    layers: str | None,
    image: int | None,
    over: Over,
    simulation: ScheduledSimulation,
    output: Output,
) -> None:
    """When each layer works on which rows of which timestep, and what is on chip at that time.

    Each layer has a lane, divided into a band per timestep; a band spans the layer's rows from first to last.
    Tick-batched layers fill all their bands at once; a timestep-major schedule draws one staircase per timestep; strips
    look like saw teeth.
    """
    from lifsim.cli.watching import watching
    from lifsim.report.plot import schedule as figure
    from lifsim.report.plot.drawing import Asked
    from lifsim.report.plot.order import part_asked
    from lifsim.simulate.pipeline import run

    target = output.place("schedule")

    def read() -> Inputs:
        found = simulation.inputs()
        part_asked(found.network, found.options, found.arch, layers, image, over)
        return found

    _, inputs = Asked(target, style=output.style, size=output.size).page_beside(read)
    with watching() as watch, inputs.origins.telling():
        result = run(inputs.arch, inputs.network, inputs.sharing, inputs.options, watch)
        figure(result, layers=layers, image=image, over=over, out=target, style=output.style, size=output.size)
