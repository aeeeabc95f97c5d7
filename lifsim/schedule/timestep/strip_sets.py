"""The best heights of several relays that all run in strips, by branch and bound.

One relay with one height leads: its window of membranes is the largest, which determines how many membranes move. One
by one the others take a height whose window is no larger. The lower bound assumes that each relay without a height
visits its layers as rarely, and takes as little of spike_out, as any of its heights does, and reads nothing. If neither
spike_out nor spike_in is short, a height of another relay is useful only if it visits some layer less often than all
others do; usually that is one height.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from heapq import heapify, heappop, heappush

from lifsim.schedule.timestep.group import GroupCost, Heights
from lifsim.schedule.timestep.strip_floors import StripFloors
from lifsim.schedule.timestep.strips import Relay

Options = Mapping[Relay, list[int]]
"""The heights to choose from, for each relay that has none yet."""


class StripSet:
    """heights: for each relay that runs in strips, those to choose from, ascending. tried: choices whose costs are
    known to be no less than the best."""

    def __init__(self, floors: StripFloors, heights: Options, tried: set[frozenset[tuple[int, int]]]) -> None:
        self.floors, self.heights, self.tried = floors, heights, tried
        self._kept = dict[tuple[Relay, int], list[int]]()

    def cheapest(self, limit: float) -> GroupCost | None:
        """The cost of the heights that move the fewest bytes; None if it is not below `limit`."""
        if self._floor({}, self.heights) >= limit:
            return None
        starts = [(chosen, left) for chosen, left in self._led() if left or not self._is_tried(chosen)]
        asked = [(self._floor(chosen, left), number, chosen, left) for number, (chosen, left) in enumerate(starts)]
        heapify(asked)
        number, best = len(asked), None
        while asked and asked[0][0] < limit:
            _, _, chosen, left = heappop(asked)
            if not left:
                found = self.floors.group.cost_below(limit, chosen)
                if found is not None:
                    best, limit = found, found.total
                continue
            relay, *others = left
            for height in left[relay]:
                longer = {**chosen, relay.state: height}
                fewer = {other: left[other] for other in others}
                is_over = not fewer and self._is_tried(longer)
                floor = self._floor(longer, fewer) if not is_over else None
                if floor is not None and floor < limit:
                    number += 1  # of two with one floor the older comes first
                    heappush(asked, (floor, number, longer, fewer))
        return best

    def _is_tried(self, chosen: Heights) -> bool:
        """Whether it was, and from now on it is."""
        key = frozenset(chosen.items())
        found = key in self.tried
        self.tried.add(key)
        return found

    def _led(self) -> Iterator[tuple[Heights, Options]]:
        """For each relay with each height, the heights that fit the others beside its window; relays with a single one
        have it already."""
        for leader, heights in self.heights.items():
            for height in heights:
                window, chosen, left = (
                    leader.state_window_bytes(height),
                    {leader.state: height},
                    dict[Relay, list[int]](),
                )
                fitting = {
                    relay: self._useful(relay, sum(one <= window for one in self._windows[relay]))
                    for relay in self.heights
                    if relay is not leader
                }
                for relay, options in fitting.items():
                    if len(options) == 1:
                        chosen[relay.state] = options[0]
                    else:
                        left[relay] = options
                if all(fitting.values()):
                    yield chosen, left

    @cached_property
    def _windows(self) -> dict[Relay, list[int]]:
        """Bytes of the windows of membranes, ascending with the heights."""
        return {relay: [relay.state_window_bytes(height) for height in each] for relay, each in self.heights.items()}

    def _useful(self, relay: Relay, count: int) -> list[int]:
        """Of the lowest heights, of which this many fit, those that may be the best beside a larger window."""
        heights = self.heights[relay][:count]
        if not heights or self._is_short or not self._reads_whole(relay):
            return heights
        if (relay, count) not in self._kept:
            found = list[tuple[tuple[int, ...], int]]()
            for height in reversed(heights):
                visits = self._visits(relay, height)
                if not any(all(one <= other for one, other in zip(better, visits, strict=True)) for better, _ in found):
                    found.append((visits, height))
            self._kept[relay, count] = sorted(height for _, height in found)
        return self._kept[relay, count]

    @staticmethod
    def _visits(relay: Relay, height: int) -> tuple[int, ...]:
        """By layer, strips in which it has work."""
        return tuple(len(relay.starts(layer, height)) for layer in range(relay.first, relay.last + 1))

    @cached_property
    def _is_short(self) -> bool:
        """Whether spikes that wait between layers in strips compete for spike_out with anything else."""
        most = {relay.state: max(each, key=relay.spike_window_bytes) for relay, each in self.heights.items()}
        return self.floors.held_beside(most) != self.floors.held_beside(self._least_waiting(self.heights))

    def _reads_whole(self, relay: Relay) -> bool:
        """Whether spike_in holds all inputs of a relay from outside it, so that strips read nothing twice."""
        return self.floors.reads_whole(relay, self._least_waiting(self.heights))

    @staticmethod
    def _least_waiting(options: Options) -> dict[int, int]:
        return {relay.state: min(each, key=relay.spike_window_bytes) for relay, each in options.items()}

    def _floor(self, chosen: Heights, left: Options) -> int:
        """A lower bound of the bytes for all choices of the remaining heights."""
        group = self.floors.group
        strips = group.strips(chosen)
        for relay, options in left.items():
            begin, visits = relay.first - group.first, (self._visits(relay, height) for height in options)
            strips[begin : begin + len(relay.lags)] = map(min, zip(*visits, strict=True))
        lowest = {relay.state: options[0] for relay, options in left.items()}
        return self.floors.of_any(strips, {**chosen, **self._least_waiting(left)}, {**chosen, **lowest}, left)
