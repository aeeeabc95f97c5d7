"""`lifsim plot roofline`."""

from __future__ import annotations

import click

from lifsim.cli.family import FamilyCommand, options_of
from lifsim.cli.inputs import SharedSimulation
from lifsim.cli.plot.output import Output


@click.command(
    cls=FamilyCommand,
    epilog="""\b
Examples:
  lifsim plot roofline
  lifsim plot roofline --arch eyeriss_like --set dram.device=ddr3_1866 \\
      --batch 4 --out figures/roofline_eyeriss.png
  lifsim plot roofline --workload resnet19_imagenet100 --sharing layer \\
      --out figures/roofline_layer.pdf
""",
)
@options_of(SharedSimulation, "simulation")
@options_of(Output, "output")
def roofline(
    simulation: SharedSimulation,
    output: Output,
) -> None:
    """Throughput of every layer and its upper bound, over its MACs per DRAM byte."""
    from lifsim.cli.watching import watching
    from lifsim.report.plot import roofline as figure
    from lifsim.report.plot.drawing import Asked
    from lifsim.simulate.pipeline import run

    target = output.place("roofline")
    _, inputs = Asked(target, style=output.style, size=output.size).page_beside(simulation.inputs)
    with watching() as watch:
        result = run(inputs.arch, inputs.network, inputs.sharing, inputs.options, watch)
        figure(result, out=target, style=output.style, size=output.size)
