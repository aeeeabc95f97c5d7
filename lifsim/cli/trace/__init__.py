"""`lifsim trace`: make, import and look at spike traces."""

from __future__ import annotations

import click

from lifsim.cli.lazy import LazyGroup

COMMANDS = {
    "import": ("lifsim.cli.trace.importing:import_trace", "Pack a plain .npz archive of spikes into a trace."),
    "make": ("lifsim.cli.trace.make:make", "Draw synthetic spikes at given rates."),
    "record": ("lifsim.cli.trace.record:record", "Compute a network's spikes and record them."),
    "info": ("lifsim.cli.trace.info:info", "Show the rates and silent neurons of a trace."),
}

_EPILOG = """\b
Examples:
  lifsim trace import tests/reference/spike_traces/lenet5_mnist.npz \\
      --workload lenet5_mnist --out results/lenet5.npz
  lifsim trace make --workload vgg16_cifar10 --rate 0.15 \\
      --out results/synthetic.npz
  lifsim trace info results/synthetic.npz
"""


@click.group(cls=LazyGroup, table=COMMANDS, epilog=_EPILOG)
def trace() -> None:
    """Make, import and look at spike traces: the input spikes of every layer, one bit each, in one .npz file."""
