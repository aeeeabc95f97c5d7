"""`lifsim plot roofline`."""

from __future__ import annotations

import click

from lifsim.cli.family import FamilyCommand, options_of
from lifsim.cli.inputs import SharedSimulation
from lifsim.cli.plot.output import Output, say_written


@click.command(
    cls=FamilyCommand,
    epilog="""\b
Examples:
  lifsim plot roofline
  lifsim plot roofline --arch eyeriss_like --set dram.device=ddr3_1866 --batch 4 --out figures/roofline_eyeriss.png
  lifsim plot roofline --workload resnet19_imagenet100 --sharing layer --out figures/roofline_layer.pdf
""",
)
@options_of(SharedSimulation, "simulation")
@options_of(Output, "output")
def roofline(
    simulation: SharedSimulation,
    output: Output,
) -> None:
    """What every layer achieves, and could at most, for its MACs per DRAM byte."""
    from lifsim.cli.watching import watching
    from lifsim.report.plot import roofline as figure
    from lifsim.report.plot.drawing import checked_beside
    from lifsim.simulate.pipeline import run

    target = output.target("roofline")
    _, inputs = checked_beside(target, simulation.inputs, force=output.replaces)
    with watching() as watch:
        figure(
            run(inputs.arch, inputs.network, inputs.sharing, inputs.options, watch), out=target, force=output.replaces
        )
    say_written(target)
