"""Options that several commands have, with the same words in each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from lifsim.cli.completing import settings, sharings, workloads
from lifsim.cli.option_values import number
from lifsim.config import defaults

Command = TypeVar("Command", bound=Callable[..., Any])

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

trained_workload_option = click.option(
    "--workload",
    shell_complete=workloads,
    metavar="NAME|FILE",
    required=True,
    help="Network to train, e.g. digits_cnn, har_fcn.",
)
surrogate_option = click.option(
    "--surrogate", type=click.Choice(["atan", "sigmoid", "triangle"]), default="atan", show_default=True
)
"""For commands that train."""


def sharing_option(words: str, default: str = "none") -> Callable[[Command], Command]:
    """--sharing, which names one. words: its line in --help."""
    return click.option("--sharing", shell_complete=sharings, default=default, show_default=True, help=words)


def set_option(words: str, name: str = "settings") -> Callable[[Command], Command]:
    """--set KEY=VALUE, as often as wanted, as the argument `name`. words: its line in --help, such as which keys it
    changes."""
    return click.option("--set", name, shell_complete=settings, metavar="KEY=VALUE", multiple=True, help=words)
