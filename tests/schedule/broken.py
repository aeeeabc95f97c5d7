"""Plans that the legality oracle obeys, to be broken in one place each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import pytest

from lifsim.model.sharing import Sharing
from lifsim.schedule.plan import ScheduleOptions
from tests.oracles.legality import IllegalPlanError, walk
from tests.oracles.legality_events import Event
from tests.schedule import build
from tests.schedule.legality.walked import Walked, obeyed
from tests.schedule.networks import Op, network
from tests.schedule.on_arch import plan_on

Events = list[Event]


def conv(number: int, **more: object) -> list[Op]:
    layer = {"name": f"c{number}", "op": "conv", "out": 4, "kernel": 3, "padding": 1}
    return [layer | more, {"name": f"l{number}", "op": "lif"}]


ADD = {"name": "add", "op": "add", "inputs": ["c2", "l0"]}
RESIDUAL = [*conv(0), *conv(1), *conv(2)[:1], ADD, *conv(2)[1:]]
STRIPS = [*conv(0), *conv(1), *conv(2)]
GROUPED = [
    [*conv(0)[:1], {"name": "l0", "op": "lif", "group": "a"}],
    [*conv(1)[:1], {"name": "l1", "op": "lif", "group": "b"}],
    [*conv(2)[:1], {"name": "l2", "op": "lif", "group": "a"}],
]


@cache
def plan_of(name: str) -> Walked:
    """strips: three layers of one state, in strips. channel: two calls a layer, membranes stream. residual: spikes wait
    in spike_out to be added. alone: layers one by one, tick-batched. relays: a state to which another one's call
    comes. psums: those of a ws array wait and spill; image, replayed: the first layer is computed once, tick-batched
    and timestep-major. pooled: strips cut windows of a pool behind the last layer."""
    arch = build.arch(weight=40, spike_in=40, membrane=32 * 4)
    net, sharing, schedule = network(STRIPS, (2, 8, 8), 3), Sharing.parse("layer"), "timestep"
    if name == "channel":
        net, sharing = network(STRIPS, (2, 8, 8), 3), Sharing.parse("channel2")
    if name == "residual":
        net, sharing = network(RESIDUAL, (2, 8, 8), 3), Sharing()
    if name == "alone":
        net, sharing, schedule = network(STRIPS, (2, 8, 8), 3), Sharing(), "tick"
    if name == "relays":
        net = network([op for ops in GROUPED for op in ops], (2, 8, 8), 3)
        arch = build.arch(weight=40, membrane=32 * 8)
    if name == "psums":
        net, sharing, schedule = network(STRIPS, (2, 8, 8), 3), Sharing(), "tick"
        arch = build.arch(4, 2, "ws", psum=64)
    if name in ("image", "replayed"):
        net, sharing = network(STRIPS, (2, 8, 8), 3, "direct"), Sharing()
        schedule, arch = "tick" if name == "image" else "timestep", build.arch(2, 2)
    if name == "pooled":
        net = network([*STRIPS, {"name": "pool", "op": "max_pool", "kernel": 2}], (2, 8, 8), 3)
        arch = build.arch(weight=40, spike_in=40, membrane=32 * 5)
    plan = plan_on(net, sharing, arch, ScheduleOptions(schedule))
    return obeyed(net, sharing, plan, 1)


def rejected(name: str, broken: Callable[[Events], Sequence[Event]], because: str) -> None:
    walked = plan_of(name)
    events = broken(list(walked.events))
    assert list(events) != list(walked.events)
    with pytest.raises(IllegalPlanError, match=because):
        walk(walked.net, walked.states, events)


def find(events: Events, kind: type, **fields: object) -> int:
    """The first event of a kind with these fields."""
    return next(i for i, e in enumerate(events) if isinstance(e, kind) and fields.items() <= vars(e).items())


def without(events: Events, index: int) -> Events:
    return events[:index] + events[index + 1 :]


def moved(events: Events, index: int, to: int) -> Events:
    rest = without(events, index)
    return [*rest[:to], events[index], *rest[to:]]
