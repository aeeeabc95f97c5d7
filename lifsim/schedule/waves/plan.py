"""A group in waves as a plan: the chunk and the waves that move the fewest bytes, every byte with its layer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from math import inf
from operator import itemgetter
from typing import TypeVar

import numpy as np

from lifsim.errors import Fault
from lifsim.lazy_dataclass import dataclass
from lifsim.schedule.chip import Chip
from lifsim.schedule.chunks import FEW, chunk_sizes
from lifsim.schedule.facts import NetworkFacts
from lifsim.schedule.plan import GroupPlan, Residency
from lifsim.schedule.tick.ways import Way
from lifsim.schedule.timestep.group import Chunks
from lifsim.schedule.timestep.strips import Relay, strip_relays
from lifsim.schedule.traffic import DramBytes, LayerTraffic, Tiling
from lifsim.schedule.waves.bands.group import BandGroup
from lifsim.schedule.waves.bands.turned import turned
from lifsim.schedule.waves.cost import WaveCost
from lifsim.schedule.waves.fused import FusedGroup
from lifsim.schedule.waves.fused_rows import GroupRows, group_rows
from lifsim.schedule.waves.group import WaveGroup, WaveWalk
from lifsim.schedule.waves.refusal import not_banded, not_chained, not_fused, not_skewed
from lifsim.schedule.waves.skewed import SkewedGroup
from lifsim.schedule.waves.waves import Waves
from lifsim.schedule.window import Window

Group = TypeVar("Group", bound=WaveGroup)


@dataclass(frozen=True)
class WavesAsked:
    """What is to run in waves: layers first..last of a network on a chip. batch, chunk: as in `plan_group`; channels:
    by layer, channel groups that share its membranes in turn."""

    facts: NetworkFacts
    chip: Chip
    first: int
    last: int
    batch: int
    chunk: int | None
    channels: tuple[int, ...]

    @property
    def overlaps(self) -> bool:
        """As in `plan_group`."""
        return self.chip.overlap.narrows

    @property
    def ways(self) -> list[tuple[Way, ...]]:
        """By layer, those in which its chains may be worked off."""
        layers = ((self.facts.layers[index].layer, self.channels[index]) for index in range(self.first, self.last + 1))
        return [self.chip.ways_of(*one) for one in layers]


def in_waves(asked: WavesAsked, window: Window, limit: float = inf, rival: float = inf) -> GroupPlan | Fault:
    """In such windows, with the fewest bytes; a fault: why there is none, or none below `limit`. rival: bytes that the
    same layers move timestep by timestep, if known, as they mostly do in strips that are higher than the map."""
    groups = wave_groups(asked, window)
    if isinstance(groups, Fault):
        return groups
    if best := _best(asked, groups, limit, rival):
        return planned(*best)
    if limit < inf:
        return Fault(f"{_who(asked)} moves no fewer bytes {window}", path="schedule")
    return _no_room(asked, groups, _smaller(asked, window))


def _smaller(asked: WavesAsked, window: Window) -> str:
    """The word for the largest windows for which there is room; none: for no waves."""
    timesteps = asked.facts.timesteps
    for size in range((window.timesteps or timesteps) - 1, 1, -1):
        smaller = replace(window, timesteps=size)
        groups = wave_groups(asked, smaller)
        if not isinstance(groups, Fault) and _best(asked, groups, inf):
            return f" ({smaller.word} has room)"
    return ""


def wave_groups(asked: WavesAsked, window: Window) -> Sequence[WaveGroup] | Fault:
    """One for each size of chunks for which there may be room, the largest first, and for the smallest one, again where
    chains can be worked off in another way; a fault: why there can be none, whatever the buffers."""
    if why := why_never(asked, window):
        return Fault(f"{_who(asked)} cannot run {window}: {why}", path="schedule")
    return (_skewed_and_banded if window.waves == "skewed" else _fused)(asked, window)


def why_never(asked: WavesAsked, window: Window) -> str:
    """Why it cannot run in waves, whatever the buffers; none: it may."""
    if window.waves == "skewed":
        return next(not_skewed(asked.facts, asked.first, asked.last), "")
    return next(_not_fused(asked, window), "")


def _with_room(asked: WavesAsked, of_size: Callable[[int], Sequence[Group]]) -> list[Group]:
    """Groups of each size of chunks, where they are many only of those that may have room, and of the smallest."""
    *larger, least = chunk_sizes(asked.batch, asked.chunk)
    smallest = of_size(least)
    if len(larger) >= FEW and smallest:
        most = max(one.most_images for one in smallest)
        larger = [images for images in larger if images <= most]
    return [*(group for images in larger for group in of_size(images)), *smallest]


def _not_fused(asked: WavesAsked, window: Window) -> Iterator[str]:
    yield from not_fused(asked.facts, asked.first, asked.last, window)
    for index in range(asked.first, asked.last + 1):
        if not asked.chip.ways_of(asked.facts.layers[index].layer, asked.channels[index]):
            yield not_chained(asked.facts, index)


def _fused(asked: WavesAsked, window: Window) -> Sequence[WaveGroup]:
    rows, chip, every = group_rows(asked.facts, asked.first, asked.last), asked.chip, asked.ways
    alike = dict.fromkeys((tuple(ways[0] for ways in every), tuple(ways[-1] for ways in every)))

    def in_way(ways: tuple[Way, ...]) -> list[FusedGroup]:
        return _with_room(
            asked,
            lambda images: [
                FusedGroup(rows, chip.room, Chunks(asked.batch, images), window, asked.overlaps, chip, ways)
            ],
        )

    return [group for ways in alike for group in in_way(ways)]


def _skewed(asked: WavesAsked, window: Window) -> Sequence[WaveGroup]:
    first, last = asked.first, asked.last
    relays = strip_relays(asked.facts, first, last)
    relay = next(relay for relay in relays if (relay.first, relay.last) == (first, last))
    ways = [group_rows(way, first, last) for way in asked.facts.ways(first, last)]

    def of_size(images: int) -> list[SkewedGroup]:
        chunks = Chunks(asked.batch, images)
        return [SkewedGroup(rows, asked.chip.room, chunks, window, asked.overlaps, relay) for rows in ways]

    return _with_room(asked, of_size)


def _skewed_and_banded(asked: WavesAsked, window: Window) -> Sequence[WaveGroup]:
    """Bands behind whole rows: what is lacking for the smallest of all is lacking for them."""
    return [*_skewed(asked, window), *band_groups(asked, window)]


def band_groups(asked: WavesAsked, window: Window) -> Sequence[BandGroup]:
    """Those of skewed groups, which can be, that may run in bands of columns, too, in the same order."""
    span, found = (asked.first, asked.last), list[tuple[GroupRows, Relay, GroupRows, Relay]]()
    for way in asked.facts.ways(*span):
        if next(not_banded(way, *span), None) is None:
            rows, across = (group_rows(facts, *span) for facts in (way, turned(way)))
            relay, beside = (next(iter(strip_relays(one.facts, *span))) for one in (rows, across))
            found.append((rows, relay, across, beside))

    def of_size(images: int) -> list[BandGroup]:
        room, chunks = asked.chip.room, Chunks(asked.batch, images)
        return [
            BandGroup(rows, room, chunks, window, asked.overlaps, relay, across, beside)
            for rows, relay, across, beside in found
        ]

    return _with_room(asked, of_size)


Planned = tuple[WaveGroup, WaveCost]


def _best(asked: WavesAsked, groups: Sequence[WaveGroup], limit: float, rival: float = inf) -> Planned | None:
    """The fewest bytes, of equals the fewest cycles in which chains are worked off: whole wherever they can be, in
    turn wherever they can be, and, from the better of these on, each layer in its other ways. None: none is below
    `limit`, or has room."""
    best: Planned | None = None
    for _, alike in groupby(groups, key=_ways):
        best = _better(best, cheapest(list(alike), limit, rival))
        limit = limit if best is None else best[1].total + 1
    if best is None or not isinstance(best[0], FusedGroup):
        return best
    group = best[0]
    for place, ways in enumerate(asked.ways):
        for way in ways if len(ways) > 1 else ():
            other = replace(group, ways=(*group.ways[:place], way, *group.ways[place + 1 :]))
            found = cheapest([other], best[1].total + 1)
            if found is not None and found[1].price < best[1].price:
                group, best = other, found
    return best


def _ways(group: WaveGroup) -> tuple[Way, ...]:
    return group.ways if isinstance(group, FusedGroup) else ()


def _better(best: Planned | None, found: Planned | None) -> Planned | None:
    """Of equals the first."""
    return found if best is None or (found is not None and found[1].price < best[1].price) else best


def cheapest(groups: Sequence[WaveGroup], limit: float, rival: float = inf) -> Planned | None:
    """First the lowest strips for each number of waves are looked into, then all others, of which few can move less,
    and last those that are higher than the map, if they move less than the `rival`. None: none is below `limit`, or has
    room."""
    best: Planned | None = None
    for lowest in (True, False):
        offered = [(floor, group, waves) for group in groups for floor, waves in group.floored(limit, lowest=lowest)]
        best = _cheapest_of(offered, limit) or best
        limit = limit if best is None else best[1].total
    limit = min(limit, rival)
    return _cheapest_of([(floor, one, waves) for one in groups for floor, waves in one.higher(limit)], limit) or best


def _cheapest_of(offered: Sequence[tuple[int, WaveGroup, Waves]], limit: float) -> Planned | None:
    """Of waves with their floors, which are looked into in the order of these, until none can win."""
    best: Planned | None = None
    for floor, group, waves in sorted(offered, key=itemgetter(0)):
        if floor >= limit:
            break
        cost = group.cost(waves, limit)
        if cost is not None and cost.total < limit:
            best, limit = (group, cost), cost.total
    return best


def _no_room(asked: WavesAsked, groups: Sequence[WaveGroup], way_out: str) -> Fault:
    """What the smallest waves of the smallest chunks need that the buffers have not."""
    who, group = _who(asked), groups[-1]
    smallest = [one for one in groups if one.chunks.images == group.chunks.images]
    needed = min(one.least_membranes for one in smallest)
    if needed > group.buffers.membrane:
        why = f"so many bytes of membranes of {who} are between its first and its last layer at a time"
        return Fault(f"must be >= {needed} for skewed strips: {why}{way_out}", path="buffers.membrane.size_bytes")
    needed = min(one.least_waiting for one in smallest)
    if needed > group.buffers.spike_out:
        why = f"so many bytes of spikes between layers of {who} wait for later ones"
        return Fault(f"must be >= {needed} for {group.window}: {why}{way_out}", path="buffers.spike_out.size_bytes")
    return Fault(f"{who} cannot run {group.window}: no tile of its layers has room{way_out}", path="schedule")


def _who(asked: WavesAsked) -> str:
    names = [asked.facts.layers[index].layer.name for index in (asked.first, asked.last)]
    return " to ".join(dict.fromkeys(names))


def planned(group: WaveGroup, cost: WaveCost) -> GroupPlan:
    """A group that moves what `cost` says, as a plan."""
    states = cost.states
    return GroupPlan(
        first=group.rows.first,
        last=group.rows.last,
        images=group.chunks.images,
        strips=(),
        residency=Residency(cost.split.region, states.transient, states.permanent, states.reserved),
        layers=tuple(_layers(group, cost)),
        window=Window(group.window.timesteps),
        waves=cost.waves,
        wave_walk=WaveWalk(group, cost),
    )


def _layers(group: WaveGroup, cost: WaveCost) -> Iterator[LayerTraffic]:
    split, states = cost.split, cost.states
    for index, facts in enumerate(group.layers):
        moved = DramBytes(
            weights=int(split.fetched[index]),
            spikes_in=int(split.reads[index]),
            spikes_out=int(cost.out[index]),
            residual=int(cost.residual[index]),
            membrane_read=int(states.read[index]),
            membrane_write=int(states.written[index]),
            psum_read=int(cost.psum_read[index]),
            psum_write=int(cost.psum_write[index]),
        )
        again = facts.layer.rounds > facts.layer.input.timesteps
        yield LayerTraffic(facts.layer.name, moved, _tiling(group, cost, index), again)


def _tiling(group: WaveGroup, cost: WaveCost, index: int) -> Tiling:
    facts, tiles = group.layers[index], cost.tiles[index]
    filters = tiles.filters
    return Tiling(
        order="weights_outer",
        rows=_most_rows(cost.waves, facts.layer.index),
        filters=filters,
        row_tiles=cost.waves.visits(facts.layer.index, 1),
        filter_tiles=-(-facts.layer.group_filters // filters),
        resident_weight_bytes=int(cost.split.pinned[index]),
        resident_spike_bytes=0,
        cut=tiles.into,
        held=tiles.held,
    )


def _most_rows(waves: Waves, layer: int) -> int:
    return int(np.diff(waves.strips(layer, 1)[0]).max())
