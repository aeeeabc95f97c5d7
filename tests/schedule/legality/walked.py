"""A plan as the legality oracle walks it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lifsim.graph.states import states_of
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.schedule.plan import Plan
from lifsim.schedule.waves.bands.bands import Banded
from tests.oracles.legality import Walker
from tests.oracles.legality_events import Event, Fire, Load, Net, Put, Store, Thing
from tests.schedule.legality.bands import Told, obey_bands
from tests.schedule.legality.described import described
from tests.schedule.legality.groups import GroupEvents
from tests.schedule.legality.ticks import tick_events
from tests.schedule.legality.waves import WaveEvents


@dataclass(frozen=True)
class Walked:
    """What the oracle has been told: a network, by thing whose state it is part of and its bytes, and all events."""

    net: Net
    states: dict[Thing, tuple[str, int]]
    events: tuple[Event, ...]


def obeyed(network: Network, sharing: Sharing, plan: Plan, batch: int, *, training: bool = False) -> Walked:
    """A plan, all of which the oracle has obeyed; `training`: the forward pass of one. Raises IllegalPlanError."""
    walker = Walker(described(network, states_of(network, sharing), plan, batch, training=training))
    events = []
    for event in _events(walker, plan, batch, (network, sharing)):
        if isinstance(event, Fire | Load | Put | Store) and event.low >= event.high:
            continue
        walker.obey(event)
        events.append(event)
    walker.end()
    return Walked(walker.net, walker.chip.states, tuple(events))


def _events(walker: Walker, plan: Plan, batch: int, of: tuple[Network, Sharing]) -> Iterator[Event]:
    for group in plan.groups:
        if isinstance(group.waves, Banded):
            obey_bands(walker, Told(*of, plan.chip, plan.facts, batch, group))
        elif group.waves is not None:
            yield from WaveEvents(walker, plan, group, batch).events()
        elif group.tiled:
            yield from tick_events(walker, plan, group.first, batch)
        else:
            yield from GroupEvents(walker, plan, group, batch).events()
