"""`lifsim plot fig1`."""

from __future__ import annotations

import click

from lifsim.cli.family import FamilyCommand, options_of
from lifsim.cli.memory_options import MemoryOptions, memory_workload
from lifsim.cli.plot.output import Output


@click.command(
    cls=FamilyCommand,
    epilog="""\b
Examples:
  lifsim plot fig1
  lifsim plot fig1 --workload resnet19_imagenet100 --timesteps 4 --batch 16 \\
      --out figures/fig1_batch.pdf
""",
)
@memory_workload
@options_of(MemoryOptions, "memory")
@options_of(Output, "output")
def fig1(
    workload: str,
    memory: MemoryOptions,
    output: Output,
) -> None:
    """What memory a network takes in inference and in training: weights, LIF membranes, activations."""
    from lifsim.cli.watching import watching
    from lifsim.report.plot import fig1 as figure

    target = output.place("fig1")
    with watching() as watch:
        figure(
            workload,
            arch=memory.arch,
            overrides=memory.settings,
            timesteps=memory.timesteps,
            batch=memory.batch,
            out=target,
            style=output.style,
            size=output.size,
            watch=watch,
        )
