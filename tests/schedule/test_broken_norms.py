"""Does the legality oracle reject sums that wait for a batch norm in no buffer, or do not pass it?"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from lifsim.model.sharing import Sharing
from lifsim.schedule.plan import ScheduleOptions
from tests.oracles.legality import IllegalPlanError, walk
from tests.oracles.legality_events import Compute, Event, Load, Put, Store, Take
from tests.schedule import build
from tests.schedule.broken import Events, find, moved, without
from tests.schedule.legality.walked import Walked, obeyed
from tests.schedule.networks import network
from tests.schedule.normed import with_norms
from tests.schedule.on_arch import trained_plan_on

LAYERS = [
    {"name": "conv", "op": "conv", "out": 4, "kernel": 3, "padding": 1},
    {"name": "lif", "op": "lif"},
    {"name": "next", "op": "conv", "out": 2, "kernel": 1},
]


def walked(psum: int, schedule: str, weight: int = 1 << 20) -> Walked:
    """Two images, two timesteps, 16 bits a sum: of two filters 256 bytes wait tick-batched, 128 timestep-major."""
    net = with_norms(network(LAYERS, (2, 4, 4), 2), {"conv"})
    arch = build.arch(cols=2, psum=psum, weight=weight, spike_in=weight)
    plan = trained_plan_on(net, Sharing(), arch, ScheduleOptions(schedule, 2))
    return obeyed(net, Sharing(), plan, 2, training=True)


def waiting(events: Sequence[Event], kind: type, place: str) -> list[int]:
    """Where events move sums that wait."""
    return [
        number for number, one in enumerate(events)
        if isinstance(one, kind) and one.place == place and one.thing[0] == "/waiting"  # type: ignore[attr-defined]
    ]  # fmt: skip


def rejected(one: Walked, broken: Callable[[Events], Events], sentence: str) -> None:
    walk(one.net, one.states, one.events)
    with pytest.raises(IllegalPlanError, match=sentence):
        walk(one.net, one.states, broken(list(one.events)))


NOWHERE = "sums that wait for their norm lie nowhere"


@pytest.mark.parametrize("schedule", ["tick", "timestep"])
def test_sums_that_were_not_kept(schedule: str) -> None:
    one = walked(600, schedule)
    rejected(one, lambda events: without(events, waiting(events, Put, "psum")[0]), NOWHERE)


@pytest.mark.parametrize("schedule", ["tick", "timestep"])
def test_sums_that_did_not_come_back(schedule: str) -> None:
    one = walked(30, schedule, weight=8)
    rejected(one, lambda events: without(events, waiting(events, Load, "passing")[0]), NOWHERE)
    rejected(one, lambda events: without(events, waiting(events, Store, "sums")[0]), "DRAM does not hold these bytes")


@pytest.mark.parametrize("schedule", ["tick", "timestep"])
def test_sums_that_are_not_computed_again(schedule: str) -> None:
    """Everything else stays on chip, so that the product runs twice."""
    one = walked(0, schedule)
    assert not waiting(one.events, Store, "sums")

    def once(events: Events) -> Events:
        again = (n for n, event in enumerate(events) if isinstance(event, Compute) and event.again)
        return without(events, next(again))

    rejected(one, once, r"bytes 0 to \d+ are not all on chip")


@pytest.mark.parametrize("schedule", ["tick", "timestep"])
def test_sums_that_pass_no_norm(schedule: str) -> None:
    one = walked(600, schedule)

    def skip(events: Events) -> Events:
        return without(events, next(number for number, event in enumerate(events) if isinstance(event, Take)))

    rejected(one, skip, "its sums have not passed their norm")


def test_statistics_are_of_each_channel_alone() -> None:
    """With weights outermost, a tile of filters is finished before the sums of the next tile exist, but after the sums
    of all images for its own filters."""
    one = walked(600, "tick", weight=36)
    first = next(number for number, event in enumerate(one.events) if isinstance(event, Take))

    def early(events: Events) -> Events:
        return moved(events, first, find(events, Compute, layer="conv", image=1, timestep=0))

    rejected(one, early, "the batch norm of conv lacks sums of image 1")
