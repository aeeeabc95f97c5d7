"""`lifsim plot schedule`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from lifsim.cli.family import FamilyCommand, options_of
from lifsim.cli.inputs import ScheduledSimulation, number
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
    help="Time as played, or every turn of a layer as wide as any other.",
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
    """When each layer works on which rows of which timestep, and what is on chip meanwhile.

    A lane a layer, in it a band a timestep, in that its map from the first row to the last. Layers that run
    tick-batched have all bands at once; timestep by timestep a staircase comes once a timestep; strips are saw teeth.
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
