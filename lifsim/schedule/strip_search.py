"""Which runs of a group go in strips, and how high: the choice that moves the fewest bytes.

All sets of runs are tried. In a set, each run and height in turn sets how many membranes must be on chip at least; the
other runs take the height that fetches the fewest weights among those whose windows fit beside it. Choices are looked
into in the order of what they cannot go below, until none can win.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from operator import itemgetter

from lifsim.schedule.group import Group, GroupCost, Heights
from lifsim.schedule.strips import StripRun


def cheapest(group: Group) -> GroupCost:
    """The cost of `group` with the best strips."""
    best = group.cost({})
    # Strips only add to the floor: a height that cannot win alone cannot win beside others.
    heights = {
        run: [height for height in _legal_heights(group, run) if group.floor({run.state: height}) < best.total]
        for run in group.runs.values()
    }
    runs = [run for run in heights if heights[run]]
    sets = (chosen for count in range(1, len(runs) + 1) for chosen in combinations(runs, count))
    choices = [
        (group.floor(choice), choice)
        for chosen in sets
        for choice in _choices(group, {run: heights[run] for run in chosen})
    ]
    for floor, choice in sorted(choices, key=itemgetter(0)):
        if floor >= best.total:
            break
        if group.near_floor(choice) < best.total:
            best = min(best, group.cost(choice), key=lambda cost: cost.total)
    return best


def _legal_heights(group: Group, run: StripRun) -> list[int]:
    """Heights whose windows of membranes and spikes fit, for a whole chunk."""
    images = group.chunks.images
    return [
        height
        for height in run.heights()
        if images * run.state_window_bytes(height) <= group.buffers.membrane
        and images * run.spike_window_bytes(height) <= group.buffers.spike_out
    ]


def _choices(group: Group, heights: Mapping[StripRun, list[int]]) -> Iterator[Heights]:
    """Heights by state for these runs together, each led by one run and height."""
    options = {
        run: [(_weights_fetched(group, run, height), -height, run.state_window_bytes(height)) for height in allowed]
        for run, allowed in heights.items()
    }
    seen = set()
    for leader, allowed in heights.items():
        for height in allowed:
            window = leader.state_window_bytes(height)
            chosen = {leader.state: height}
            for run in heights:
                fitting = [option for option in options[run] if option[2] <= window]
                if run is not leader and fitting:
                    chosen[run.state] = -min(fitting)[1]
            key = tuple(sorted(chosen.items()))
            if len(chosen) == len(heights) and key not in seen:
                seen.add(key)
                yield chosen


def _weights_fetched(group: Group, run: StripRun, height: int) -> int:
    layers = range(run.first, run.last + 1)
    return sum(len(run.starts(layer, height)) * group.facts.layers[layer].weight_bytes for layer in layers)
