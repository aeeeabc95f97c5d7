"""Which points of a space cannot be run, and why, told before any of them is run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lifsim.cli.say import say
from lifsim.units import counted

if TYPE_CHECKING:
    from lifsim.sweeps.plan import Job


def say_impossible(job: Job) -> None:
    """Tell which points of a space cannot be run, and which options some of its points do not read."""
    from lifsim.sweeps.impossible import impossible
    from lifsim.sweeps.unread import unread_somewhere

    for found in impossible(job):
        say(
            f"note: {found.points:,} of the space's {counted(job.space.points, 'point')} cannot be run: {found.why}",
            err=True,
        )
    for unread in unread_somewhere(job):
        say(f"note: {unread}", err=True)
