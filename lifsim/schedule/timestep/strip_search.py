"""Which relays of a group run in strips, and of which height: the choice that moves the fewest bytes.

All sets of relays are tried. In a set, each relay with each height leads in turn: its window is the least room for
membranes, and the other relays take the height that fetches the fewest weights among those whose windows fit into it.
Choices are evaluated in the order of their lower bounds, until none can win. Then few other combinations of heights are
left that might move less (`lifsim.schedule.timestep.strip_sets`).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from math import inf
from operator import itemgetter

from lifsim.schedule.timestep.group import Group, GroupCost, Heights
from lifsim.schedule.timestep.strip_floors import StripFloors
from lifsim.schedule.timestep.strip_sets import Options, StripSet
from lifsim.schedule.timestep.strips import Relay


def cheapest(group: Group, limit: float = inf) -> GroupCost | None:
    """The cost of `group` with the best strips; None: it is not below `limit`."""
    best, floors = group.cost_below(limit, {}), StripFloors(group)
    limit = limit if best is None else best.total
    # Strips only add to the floor: a height that cannot win alone cannot win beside others.
    heights = {
        relay: [height for height in _legal_heights(group, relay) if floors.first({relay.state: height}) < limit]
        for relay in group.in_strips.values()
    }
    relays = [relay for relay in heights if heights[relay]]
    sets = [
        {relay: heights[relay] for relay in chosen}
        for count in range(1, len(relays) + 1)
        for chosen in combinations(relays, count)
    ]
    choices = [(floors.first(choice), choice) for chosen in sets for choice in _choices(group, chosen)]
    for floor, choice in sorted(choices, key=itemgetter(0)):
        if floor >= limit:
            break
        found = group.cost_below(limit, choice) if floors.nearer(choice) < limit else None
        if found is not None:
            best, limit = found, found.total
    tried = {frozenset(choice.items()) for _, choice in choices}
    for chosen in sets:
        found = StripSet(floors, chosen, tried).cheapest(limit) if len(chosen) > 1 else None
        if found is not None:
            best, limit = found, found.total
    return best


def _legal_heights(group: Group, relay: Relay) -> list[int]:
    """The heights whose windows of membranes and spikes fit into their buffers, for a whole chunk."""
    images = group.chunks.images
    return [
        height
        for height in relay.heights()
        if images * relay.state_window_bytes(height) <= group.buffers.membrane
        and images * relay.spike_window_bytes(height) <= group.buffers.spike_out
    ]


def _choices(group: Group, heights: Options) -> Iterator[Heights]:
    """Heights by state for these relays together, each led by one relay and height."""
    options = {
        relay: [
            (_weights_fetched(group, relay, height), -height, relay.state_window_bytes(height)) for height in allowed
        ]
        for relay, allowed in heights.items()
    }
    seen = set()
    for leader, allowed in heights.items():
        for height in allowed:
            window = leader.state_window_bytes(height)
            chosen = {leader.state: height}
            for relay in heights:
                fitting = [option for option in options[relay] if option[2] <= window]
                if relay is not leader and fitting:
                    chosen[relay.state] = -min(fitting)[1]
            key = tuple(sorted(chosen.items()))
            if len(chosen) == len(heights) and key not in seen:
                seen.add(key)
                yield chosen


def _weights_fetched(group: Group, relay: Relay, height: int) -> int:
    layers = range(relay.first, relay.last + 1)
    return sum(len(relay.starts(layer, height)) * group.facts.layers[layer].weight_bytes for layer in layers)
