"""--batch and --exit-steps: options of runs and of sweeps, told alike by both."""

from __future__ import annotations

import click

from lifsim.cli.option_values import number
from lifsim.config import defaults

_INFERENCE = "Images. Default: as many as the trace has, else 1"
_EITHER_MODE = f"{_INFERENCE}; in training {defaults.TRAINING_BATCH}, of a trace of several at most all."

batch_option = click.option("--batch", metavar="N", callback=number, help=f"{_INFERENCE}.")
"""Of what only infers."""
batch_of_mode_option = click.option("--batch", metavar="N", callback=number, help=_EITHER_MODE)
batches_option = click.option("--batch", metavar="N[,N...]", help=_EITHER_MODE)
"""Of sweeps."""

exit_steps_option = click.option(
    "--exit-steps",
    metavar="TIMESTEPS:SHARE,...",
    help="Early exit: the share of the images that is done after so many timesteps, as in 1:0.6,2:0.3,4:0.1.",
)
