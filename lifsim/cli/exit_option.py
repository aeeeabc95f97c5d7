"""--exit-steps, of runs and of sweeps."""

from __future__ import annotations

import click

exit_steps_option = click.option(
    "--exit-steps",
    metavar="TIMESTEPS:SHARE,...",
    help="Early exit: the share of the images that is done after so many timesteps, as in 1:0.6,2:0.3,4:0.1.",
)
