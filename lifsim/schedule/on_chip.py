"""What a schedule holds on chip, visit by visit: bytes of weights, of membranes, and of spikes between layers."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate, groupby

from lifsim.lazy_dataclass import dataclass
from lifsim.schedule.occupancy import peak_bytes
from lifsim.schedule.plan import GroupPlan, Plan
from lifsim.schedule.tensors.storage import tensor_bytes
from lifsim.schedule.timestep.group import Group, Walk
from lifsim.schedule.timestep.spike_store import SpikeBuffers, Timestep, walk_timestep
from lifsim.schedule.work_order import Work


@dataclass(frozen=True)
class OnChip:
    """Bytes on chip. weights: including the tile at work; membranes: beside the array's registers; spikes: those that
    wait in spike_out."""

    weights: int
    membranes: int
    spikes: int


def on_chip(plan: Plan, batch: int, order: Sequence[Work]) -> list[OnChip]:
    """What is on chip during each visit of `order`, the plan's. For a single layer, the most at any time; for a group
    that runs timestep by timestep, what has been loaded or made by then and will still be used."""
    found: list[OnChip] = []
    for number, works in groupby(order, key=lambda work: work.group):
        group = plan.groups[number]
        if group.walk is None:
            most = peak_bytes(replace(plan, groups=(group,)), batch)
            found += [OnChip(most.weight, most.membrane, most.spike_out) for _ in works]
        else:
            found += _walked(plan, group, group.walk, list(works))
    return found


def handed_over(plan: Plan, batch: int) -> list[int]:
    """[groups - 1] bytes in DRAM between a group and the next: tensors that have been made by then and will still be
    read."""
    facts = plan.facts
    steps = {"every": facts.timesteps, "first": 1, "last": 1}
    stored = {tensor.name: tensor for layer in facts.layers for tensor in layer.layer.outputs}
    borders = [group.last for group in plan.groups[:-1]]
    change = [0] * len(plan.groups)
    for name, tensor in facts.tensors.items():
        if tensor.producer is None:
            continue
        begin, end = (bisect_left(borders, layer) for layer in (tensor.producer, max(tensor.readers, default=-1)))
        if begin < end:
            packed = plan.group_of(tensor.producer).tick_batched
            each = tensor_bytes(stored[name], facts.reals) if packed else steps[tensor.when] * tensor.bytes
            change[begin] += batch * each
            change[end] -= batch * each
    return list(accumulate(change))[:-1]


def _walked(plan: Plan, group: GroupPlan, walk: Walk, works: Sequence[Work]) -> Iterator[OnChip]:
    """A timestep-major group."""
    weights, spikes = _Weights(plan, group), _Spikes(walk.group, walk)
    for images, of_chunk in groupby(works, key=lambda work: work.images):
        membranes = _Membranes(walk, len(images))
        for work in of_chunk:
            (timestep, _, _), *_ = work.spans
            yield OnChip(
                weights.at(work.layer, timestep),
                membranes.at(work.layer),
                spikes.at(work.layer, timestep, len(images)),
            )


class _Weights:
    """The weights of a group: loaded as they are needed; pinned ones stay until the group ends."""

    def __init__(self, plan: Plan, group: GroupPlan) -> None:
        self._plan, self._group = plan, group
        self._pinned: dict[int, int] = {}

    def at(self, layer: int, timestep: int) -> int:
        """While a layer is at work."""
        facts, traffic = self._plan.facts.layers[layer], self._group.layers[layer - self._group.first]
        if facts.when == "first" and timestep > 0:  # its currents are replayed: nothing is computed
            return sum(self._pinned.values())
        stays = traffic.tiling.resident_weight_bytes
        self._pinned[layer] = stays
        residency = self._group.residency
        region = 0 if residency is None else residency.weight_region
        passing = facts.weight_bytes - stays or traffic.tiling.filters * facts.filter_bytes * bool(facts.operand_bytes)
        return sum(self._pinned.values()) + min(region, passing)


class _Membranes:
    """The membranes of a chunk of a group."""

    def __init__(self, walk: Walk, images: int) -> None:
        self._group, self._heights = walk.group, walk.cost.heights
        size = [each for each, _ in self._group.chunks.sizes].index(images)
        self._images, self._split = images, walk.cost.membranes[size]
        self._uses = self._group.state_uses(images, self._heights)
        self._come: set[int] = set()

    def at(self, layer: int) -> int:
        """Bytes that stay of the states used so far, plus the transient part of the state in use."""
        states = self._group.facts.states
        place = next((k for k, index in enumerate(self._group.states) if layer in states[index].layers), None)
        if place is not None:
            self._come.add(place)
        stays = sum(self._split.permanent[k] for k in self._come)
        return stays + (0 if place is None else self._passing(place))

    def _passing(self, place: int) -> int:
        use, state = self._uses[place], self._group.states[place]
        moving = use.bytes - self._split.permanent[place]
        if state in self._heights:
            window = self._images * self._group.in_strips[state].state_window_bytes(self._heights[state])
            return min(moving, window)
        through = min(moving, self._split.transient)
        return through + min(moving - through, self._split.reserved)


class _Spikes:
    """The spikes that wait in spike_out between the layers of a group."""

    def __init__(self, group: Group, walk: Walk) -> None:
        self._group, self._spans = group, group.spans(walk.cost.heights)
        self._held: dict[tuple[int, Timestep], dict[int, int]] = {}

    def at(self, layer: int, timestep: int, images: int) -> int:
        """While a layer is at work."""
        now = Timestep(first=timestep == 0, last=timestep == self._group.facts.timesteps - 1)
        if (images, now) not in self._held:
            buffers = SpikeBuffers(self._group.buffers.spike_in, self._group.buffers.spike_out, images)
            kept = walk_timestep(self._group.facts, self._spans, buffers, now).kept
            self._held[images, now] = {
                index: images * span.window_bytes + sum(held.values())
                for span, held in zip(self._spans, kept, strict=True)
                for index in range(span.first, span.last + 1)
            }
        return self._held[images, now][layer]
