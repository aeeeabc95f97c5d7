"""How full each place gets while a plan is followed: a literal count, byte by byte, of the events that the legality
oracle obeys, by nothing that it keeps or asks."""

from __future__ import annotations

from collections.abc import Iterable

from tests.oracles.legality_events import Drop, Event, Load, Put, Thing


def most_held(events: Iterable[Event]) -> dict[str, int]:
    """By place the most bytes that ever lie there."""
    here: dict[str, dict[Thing, set[int]]] = {}
    most: dict[str, int] = {}
    for event in events:
        if isinstance(event, Load | Put):
            things = here.setdefault(event.place, {})
            things.setdefault(event.thing, set()).update(range(event.low, event.high))
            most[event.place] = max(most.get(event.place, 0), sum(map(len, things.values())))
        elif isinstance(event, Drop):
            things = here.get(event.place, {})
            if event.thing is None:
                things.clear()
            else:
                things[event.thing] = {
                    byte for byte in things.get(event.thing, ()) if not event.low <= byte < event.high
                }
    return most
