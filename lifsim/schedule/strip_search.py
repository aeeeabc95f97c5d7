"""Which runs of a group go in strips, and how high: the choice that moves the fewest bytes.

All sets of runs are tried. In a set, each run and height in turn sets how many membranes must be on chip at least; the
other runs take the height that fetches the fewest weights among those whose windows fit beside it. Choices are looked
into in the order of what they cannot go below, until none can win.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from operator import itemgetter

from lifsim.schedule.group import Group, GroupCost, Heights
from lifsim.schedule.strips import StripRun


def cheapest(group: Group) -> GroupCost:
    """The cost of `group` with the best strips."""
    best = group.cost({})
    runs = [run for run in group.runs.values() if _legal_heights(group, run)] if best.membrane_bytes else []
    sets = (chosen for count in range(1, len(runs) + 1) for chosen in combinations(runs, count))
    choices = [(group.floor(heights), heights) for chosen in sets for heights in _choices(group, chosen)]
    for floor, heights in sorted(choices, key=itemgetter(0)):
        if floor >= best.total:
            break
        if floor + group.membrane_bytes(group.membrane_splits(heights)) < best.total:
            best = min(best, group.cost(heights), key=lambda cost: cost.total)
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


def _choices(group: Group, runs: Sequence[StripRun]) -> Iterator[Heights]:
    seen = set()
    for leader in runs:
        for height in _legal_heights(group, leader):
            window = leader.state_window_bytes(height)
            chosen = {leader.state: height}
            for run in runs:
                if run is not leader:
                    fitting = [h for h in _legal_heights(group, run) if run.state_window_bytes(h) <= window]
                    if fitting:
                        chosen[run.state] = min(fitting, key=lambda h: (_weights_fetched(group, run, h), -h))
            key = tuple(sorted(chosen.items()))
            if len(chosen) == len(runs) and key not in seen:
                seen.add(key)
                yield chosen


def _weights_fetched(group: Group, run: StripRun, height: int) -> int:
    layers = range(run.first, run.last + 1)
    return sum(len(run.starts(layer, height)) * group.facts.layers[layer].weight_bytes for layer in layers)
