"""`lifsim plot`: one file per figure."""

from __future__ import annotations

import os

import click

from lifsim.cli.lazy import LazyGroup

FIGURES = {
    "fig1": ("lifsim.cli.plot.fig1:fig1", "Memory of weights, LIF membranes and activations."),
    "fig6": ("lifsim.cli.plot.fig6:fig6", "Accuracy of trained weights under another sharing."),
    "fig7": ("lifsim.cli.plot.fig7:fig7", "Spike rate; memory, forward and backward, unshared and shared."),
    "fig8": ("lifsim.cli.plot.fig8:fig8", "Firing neurons, accuracy and bytes under pruning."),
    "fig9": ("lifsim.cli.plot.fig9:fig9", "Breakdown of computation under channel sharing."),
    "fig10": ("lifsim.cli.plot.fig10:fig10", "DRAM bytes of sharings under every kind of schedule."),
    "roofline": ("lifsim.cli.plot.roofline:roofline", "What layers achieve under the roofs of array and DRAM."),
    "schedule": ("lifsim.cli.plot.schedule:schedule", "When layers work on what, and what is on chip meanwhile."),
    "sweep": ("lifsim.cli.plot.sweep:sweep", "Lines, a map or a Pareto front of a sweep."),
}


@click.group(
    cls=LazyGroup,
    table=FIGURES,
    epilog="""\b
Examples:
  lifsim plot roofline --workload lenet5_mnist \\
      --out figures/roofline_lenet5.png
  lifsim plot fig9 --part top --out figures/computation.pdf
  lifsim plot schedule --sharing layer --out figures/order.png
""",
)
def plot() -> None:
    """Draw a figure; its numbers are written beside it as CSV."""
    # The ending of a file chooses what draws it. A backend that is named for a screen, or by a notebook for all that it
    # starts, need not be there for Matplotlib to be imported.
    os.environ.pop("MPLBACKEND", None)
