"""--batch and --exit-steps: options of runs and of sweeps, with the same words for both."""

from __future__ import annotations

import click

from lifsim.cli.option_values import number
from lifsim.config import defaults

_INFERENCE = "Images. Default: all of the trace, else 1"
_EITHER_MODE = f"{_INFERENCE}; in training {defaults.TRAINING_BATCH}, at most those of a trace of several."

batch_option = click.option("--batch", metavar="N", callback=number, help=f"{_INFERENCE}.")
"""For commands that only infer."""
batch_of_mode_option = click.option("--batch", metavar="N", callback=number, help=_EITHER_MODE)
batches_option = click.option("--batch", metavar="N[,N...]", help=_EITHER_MODE)
"""For sweeps."""

exit_steps_option = click.option(
    "--exit-steps",
    metavar="TIMESTEPS:SHARE,...",
    help="Early exit: the share of images that are done after so many timesteps, e.g. 1:0.6,2:0.3,4:0.1.",
)
