"""--share-where-possible: layers that cannot share keep membranes of their own, and are named."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

import click

from lifsim.cli.say import say
from lifsim.errors import InputError

if TYPE_CHECKING:
    from lifsim.model.network import Network
    from lifsim.sweeps.plan import Job

_option = partial(
    click.option,
    "--share-where-possible",
    is_flag=True,
    help="Layers that a sharing does not fit keep their own membranes and are listed, instead of being refused.",
)
where_possible_option = _option()
where_possible_if_given = _option(default=None)
"""For families of options, in which an option that is not given is None."""


def fitted(sharing: str, *, where_possible: bool) -> str:
    """The name of `sharing`, where it is possible if so; what names none is left for its reader to refuse."""
    from lifsim.model.sharing import Sharing

    if not where_possible:
        return sharing
    try:
        return str(Sharing.parse(sharing).where_it_fits())
    except InputError:
        return sharing


def say_left(networks: Iterable[Network], sharings: Iterable[str]) -> None:
    """Tell on stderr what is left unshared."""
    from lifsim.graph.states import left_unshared
    from lifsim.model.sharing import Sharing

    wanted = []
    for name in sharings:
        with suppress(InputError):  # for its reader to refuse
            wanted.append(Sharing.parse(name))
    for network in networks:
        for sharing in wanted:
            if left := left_unshared(network, sharing):
                say(f"note: {network.name}, {sharing}: membranes of their own have {', '.join(left)}", err=True)


def say_left_by(job: Job) -> None:
    """Tell what is left unshared in the workloads of a sweep, as their files have them."""
    axis = next(axis for axis in job.space.axes if axis.key == "sharing")
    sharings = [str(axis.values[place]) for place in range(axis.values.count)]
    for workload in job.workloads:
        with suppress(InputError):  # an axis makes it whole, or its points tell
            say_left([job.network(workload)], sharings)
