"""The options of `lifsim memory` and of the figures of memory."""

from __future__ import annotations

from typing import Annotated

import click

from lifsim.cli.completing import archs, optimizers, workloads
from lifsim.cli.option_values import number, optimizer_setting
from lifsim.cli.shared_options import set_option
from lifsim.config import defaults
from lifsim.lazy_dataclass import dataclass

memory_workload = click.option(
    "--workload",
    shell_complete=workloads,
    metavar="NAME|FILE",
    default=defaults.MEMORY_WORKLOAD,
    show_default=True,
    help="The network.",
)
"""Of figures of memory."""


@dataclass(frozen=True)
class MemoryOptions:
    """--arch, --set, --timesteps, --batch and --optimizer."""

    arch: Annotated[
        str,
        click.option(
            "--arch",
            shell_complete=archs,
            metavar="NAME|FILE",
            default=defaults.ARCH,
            show_default=True,
            help="Architecture that sets the precisions.",
        ),
    ]
    overrides: Annotated[
        tuple[str, ...],
        set_option("Change a key of the architecture.", "overrides"),
    ]
    timesteps: Annotated[
        int | None, click.option("--timesteps", metavar="T", callback=number, help="T. Default: each workload's.")
    ]
    batch: Annotated[
        int, click.option("--batch", metavar="N", callback=number, default="1", show_default=True, help="Images.")
    ]
    optimizer: Annotated[
        str | None,
        click.option(
            "--optimizer",
            shell_complete=optimizers,
            metavar="NAME",
            help="Whose state training keeps (lifsim list optimizers). Default: the architecture's.",
        ),
    ]

    @property
    def settings(self) -> tuple[str, ...]:
        """--optimizer and --set, as settings of the architecture."""
        return (*optimizer_setting(self.optimizer), *self.overrides)
