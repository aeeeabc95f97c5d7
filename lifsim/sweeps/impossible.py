"""Finds values of axes that contradict each other: their points fail whatever the values of the other axes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from itertools import product
from math import prod
from typing import TYPE_CHECKING

from lifsim.errors import InputError
from lifsim.graph.states import states_of
from lifsim.lazy_dataclass import dataclass
from lifsim.model.sharing import Sharing
from lifsim.simulate.options import Options, options_of
from lifsim.sweeps.unread import MOST_COMBINATIONS

if TYPE_CHECKING:
    from lifsim.sweeps.plan import Job


@dataclass(frozen=True)
class Impossible:
    """So many `points` of the whole space that cannot be run, and why."""

    points: int
    why: str


def impossible(job: Job) -> Iterator[Impossible]:
    """Values of options that break a rule together, and sharings that a network, whole without an axis, cannot have. A
    point may be among several. Options of more than MOST_COMBINATIONS are left to their points."""
    yield from _options(job)
    yield from _sharings(job)


def _options(job: Job) -> Iterator[Impossible]:
    axes = [axis for axis in job.space.axes if axis.key in Options.model_fields]
    count = prod(axis.values.count for axis in axes)
    if count > MOST_COMBINATIONS:
        return
    found = Counter[str]()
    for places in product(*(range(axis.values.count) for axis in axes)):
        named = {axis.key: axis.values[place] for axis, place in zip(axes, places, strict=True)}
        try:
            options_of(named)
        except InputError as error:
            found["; ".join(map(str, error.faults))] += 1
    for why, often in found.items():
        yield Impossible(often * (job.space.points // count), why)


def _sharings(job: Job) -> Iterator[Impossible]:
    axis = next(axis for axis in job.space.axes if axis.key == "sharing")
    points = job.space.points // (axis.values.count * max(1, len(job.workloads)))
    for name in job.workloads:
        with suppress(InputError):  # an axis makes it whole
            network = job.network(name)
            for place in range(axis.values.count):
                sharing = str(axis.values[place])
                try:
                    states_of(network, Sharing.parse(sharing))
                except InputError as error:
                    yield Impossible(points, f"{name} with {sharing}: {'; '.join(map(str, error.faults))}")
