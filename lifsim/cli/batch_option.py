"""--batch: the images of a run; how many there are where it is not given is told alike everywhere."""

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
