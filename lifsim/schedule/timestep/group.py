"""One group of layers, timestep-major: the bytes that it moves with given strips, everything else chosen for the fewest
bytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

import numpy as np

from lifsim.lazy_dataclass import dataclass
from lifsim.schedule.chip import BufferBytes
from lifsim.schedule.facts import NetworkFacts
from lifsim.schedule.tensors.rows import Ints
from lifsim.schedule.timestep.membranes import MembraneSplit, StateUse, relays_of, split_of
from lifsim.schedule.timestep.spike_store import Span, SpikeBuffers, StepSpikes, Timestep, step_spikes
from lifsim.schedule.timestep.strips import Relay, strip_relays
from lifsim.schedule.weights.demand import WeightDemand
from lifsim.schedule.weights.residency import best_weights


@dataclass(frozen=True)
class Chunks:
    """A batch cut into chunks of `images` images, the last one perhaps smaller."""

    batch: int
    images: int

    @property
    def count(self) -> int:
        """Chunks of the batch."""
        return -(-self.batch // self.images)

    @property
    def sizes(self) -> list[tuple[int, int]]:
        """(images of a chunk, number of such chunks)."""
        whole, rest = divmod(self.batch, self.images)
        return [(self.images, whole)] * (whole > 0) + [(rest, 1)] * (rest > 0)


Heights = Mapping[int, int]
"""By state, the rows of a strip; states without an entry do not run in strips."""


Spikes = tuple[list[Ints], Ints, Ints, dict[str, int]]
"""The traffic of spikes, as computed by `Group`."""


@dataclass(frozen=True)
class GroupCost:
    """What a group moves with given strips. weights, spikes_in, operand, residual: bytes by layer; spikes_out: bytes by
    tensor; membranes: the split of each chunk size. region, tile, alike: as in `WeightSplit`."""

    heights: Heights
    weights: Ints
    pinned_weights: Ints
    region: int
    tile: Ints
    alike: Ints
    spikes_in: Ints
    operand: Ints
    residual: Ints
    spikes_out: dict[str, int]
    psum_read: Ints
    psum_write: Ints
    membranes: tuple[MembraneSplit, ...]
    membrane_bytes: int

    @cached_property
    def total(self) -> int:
        """DRAM bytes of the whole batch."""
        by_layer = self.weights + self.spikes_in + self.operand + self.residual + self.psum_read + self.psum_write
        return int(by_layer.sum()) + sum(self.spikes_out.values()) + self.membrane_bytes


class Group:
    """Layers first..last of a network, timestep-major, the batch in chunks."""

    def __init__(self, facts: NetworkFacts, first: int, last: int, buffers: BufferBytes, chunks: Chunks) -> None:
        self.facts, self.first, self.last = facts, first, last
        self.buffers, self.chunks = buffers, chunks
        self.layers = facts.layers[first : last + 1]
        self.states = [state for state in facts.states_of(first, last) if first <= facts.states[state].layers[0]]
        self.in_strips = {relay.state: relay for relay in strip_relays(facts, first, last)}

    def cost(self, heights: Heights) -> GroupCost:
        """Bytes with these strips, the best weight region and the best membrane split."""
        return self._cost(heights, self.spikes(heights))

    def cost_below(self, limit: float, heights: Heights) -> GroupCost | None:
        """The same; None if they are not below `limit`, which is usually known before the best region is searched."""
        spikes = reads, _, residual, spikes_out = self.spikes(heights)
        least = sum(int(each.min()) for each in reads) + int(residual.sum()) + sum(spikes_out.values())
        least += int(sum(moved.sum() for moved in self.psums)) + self.membrane_bytes(self.membrane_splits(heights))
        if least + self.fetched_at_least(self.strips(heights)) >= limit:
            return None
        cost = self._cost(heights, spikes)
        return cost if cost.total < limit else None

    def _cost(self, heights: Heights, spikes: Spikes) -> GroupCost:
        reads, absent, residual, spikes_out = spikes
        split = best_weights(self.weight_demand(self.strips(heights), absent, reads))
        psum_read, psum_write = self.psums
        membranes = self.membrane_splits(heights)
        return GroupCost(
            heights=dict(heights),
            weights=split.fetched,
            pinned_weights=split.pinned,
            region=split.region,
            tile=split.tile,
            alike=split.alike,
            spikes_in=split.reads,
            operand=split.operand,
            residual=residual,
            spikes_out=spikes_out,
            psum_read=psum_read,
            psum_write=psum_write,
            membranes=membranes,
            membrane_bytes=self.membrane_bytes(membranes),
        )

    def fetched_at_least(self, strips: Sequence[int]) -> int:
        """A lower bound of the bytes of weights, if layers have work in this many `strips` [layers] of every timestep:
        the weights that are fetched most often stay."""
        room, fetched = self.buffers.weight, 0
        visits = zip(self.timesteps_per_chunk, strips, self.layers, strict=True)
        often = ((self.chunks.count * steps * count, facts.weight_bytes) for steps, count, facts in visits)
        for times, size in sorted(often, reverse=True):
            pinned = min(size, room)
            room -= pinned
            fetched += size * times - pinned * (times - 1)
        return fetched

    def membrane_splits(self, heights: Heights) -> tuple[MembraneSplit, ...]:
        """The best membrane split for each chunk size; a strip's window is transient."""
        window = max((self.in_strips[state].state_window_bytes(height) for state, height in heights.items()), default=0)
        room = self.buffers.membrane
        return tuple(
            split_of(tuple(self.state_uses(images, heights)), self.facts.timesteps, room, images * window)
            for images, _ in self.chunks.sizes
        )

    def membrane_bytes(self, splits: Sequence[MembraneSplit]) -> int:
        """DRAM bytes of membranes of the whole batch."""
        return sum(count * one.moved for one, (_, count) in zip(splits, self.chunks.sizes, strict=True))

    def state_uses(self, images: int, heights: Heights) -> list[StateUse]:
        """The states of the group, for a chunk of `images`."""
        found = []
        for index in self.states:
            state, relays = self.facts.states[index], len(self.relays_of(index))
            parted, stripped = state.parted.of(images), index in heights
            found.append(StateUse(images * state.bytes, len(state.layers), relays, stripped, parted, state.granule))
        return found

    def relays_of(self, state: int) -> list[tuple[int, ...]]:
        """The relays of a state: runs of its layers with no LIF of another state between them."""
        return self._relays[state]

    @cached_property
    def _relays(self) -> dict[int, list[tuple[int, ...]]]:
        owner = {layer: index for index in self.states for layer in self.facts.states[index].layers}
        return relays_of((owner[layer], layer) for layer in sorted(owner))

    def turns(self, heights: Heights) -> Iterator[tuple[int, int, tuple[int, ...]]]:
        """The visits of a timestep in order: (layer, index of the strip, first output rows of all its strips)."""
        stripped = {self.in_strips[state].first: (self.in_strips[state], height) for state, height in heights.items()}
        for span in self.spans(heights):
            if span.first in stripped:
                relay, height = stripped[span.first]
                yield from ((layer, strip, relay.starts(layer, height)) for layer, strip in relay.turns(height))
            else:
                yield span.first, 0, (0,)

    def spans(self, heights: Heights) -> list[Span]:
        """The layers one by one, relays in strips together."""
        stripped = {self.in_strips[state].first: (self.in_strips[state], height) for state, height in heights.items()}
        spans: list[Span] = []
        layer = self.first
        while layer <= self.last:
            if layer in stripped:
                relay, height = stripped[layer]
                spans.append(Span(relay.first, relay.last, relay.spike_window_bytes(height)))
            else:
                spans.append(Span(layer, layer))
            layer = spans[-1].last + 1
        return spans

    def timesteps(self) -> list[tuple[Timestep, int]]:
        """Kinds of timesteps and how many there are of each."""
        total = self.facts.timesteps
        put_out = [self.facts.tensors[tensor.name] for facts in self.layers for tensor in facts.layer.outputs]
        if {one.when for one in self.layers} | {tensor.when for tensor in put_out} == {"every"}:
            return [(Timestep(first=False, last=False), total)]
        ends = [(Timestep(first=True, last=False), 1), (Timestep(first=False, last=True), 1)]
        return ends + [(Timestep(first=False, last=False), total - 2)] * (total > 2)

    def _relay_of(self, layer: int, heights: Heights) -> tuple[Relay, int] | None:
        for state, height in heights.items():
            if self.in_strips[state].first <= layer <= self.in_strips[state].last:
                return self.in_strips[state], height
        return None

    def visits_per_step(self, layer: int, heights: Heights) -> int:
        """Strips in which a layer has work."""
        return len(self._starts(layer, heights)) or 1

    def strips(self, heights: Heights) -> list[int]:
        """How often each layer of the group is visited in a timestep."""
        return [self.visits_per_step(facts.layer.index, heights) for facts in self.layers]

    @cached_property
    def timesteps_per_chunk(self) -> list[int]:
        return [self.facts.timesteps if facts.when == "every" else 1 for facts in self.layers]

    def weight_demand(self, strips: Sequence[int], absent: Ints, reads: Sequence[Ints]) -> WeightDemand:
        """The demand of layers that have work in this many `strips` [layers]; absent, reads: as from `spikes`."""
        together = list(zip(self.layers, self.timesteps_per_chunk, strips, strict=True))
        return WeightDemand(
            layers=tuple(self.layers),
            visits=tuple(self.chunks.count * timesteps * count for _, timesteps, count in together),
            row_visits=tuple(self.chunks.batch * steps * facts.rows.axis.rows_out for facts, steps, _ in together),
            absent=tuple(absent.tolist()),
            strips=tuple(strips),
            asked=tuple(tuple(each.tolist()) for each in reads),
            buffer=self.buffers.weight,
        )

    def spikes(self, heights: Heights) -> Spikes:
        """For the whole batch: reads of inputs [layers][1 + m]; how often second operands are not on chip [layers];
        reads of residual operands [layers]; writes by tensor."""
        reads = [np.zeros(1 + len(facts.tile_bytes), np.int64) for facts in self.layers]
        absent, residual = np.zeros((2, len(self.layers)), np.int64)
        writes: dict[str, int] = {}
        for images, chunks in self.chunks.sizes:
            for now, steps in self.timesteps():
                found = self.step_spikes(images, now, heights)
                for layer, read in found.reads.items():
                    reads[layer - self.first] += chunks * steps * read
                for layer, times in found.absent.items():
                    absent[layer - self.first] += chunks * steps * times
                for layer, size in found.residual.items():
                    residual[layer - self.first] += chunks * steps * size
                for name, size in found.writes.items():
                    writes[name] = writes.get(name, 0) + chunks * steps * size
        return reads, absent, residual, writes

    def step_spikes(self, images: int, now: Timestep, heights: Heights) -> StepSpikes:
        """What one timestep of a chunk of `images` moves."""
        buffers = SpikeBuffers(self.buffers.spike_in, self.buffers.spike_out, images)
        starts = tuple(self._starts(facts.layer.index, heights) for facts in self.layers)
        return step_spikes(self.facts, tuple(self.spans(heights)), buffers, now, starts)

    def _starts(self, layer: int, heights: Heights) -> tuple[int, ...]:
        """First output rows of the strips in which a layer has work; empty if it does not run in strips."""
        relay = self._relay_of(layer, heights)
        return relay[0].starts(layer, relay[1]) if relay else ()

    @cached_property
    def psums(self) -> tuple[Ints, Ints]:
        """By layer, bytes read and written for the whole batch: psums that spill in every round, and currents that wait
        to be replayed, written once and read at all timesteps but the first."""
        spilled = np.array([facts.psum_spill_bytes for facts in self.layers], np.int64) * np.array(
            self.timesteps_per_chunk
        )
        waiting = np.zeros_like(spilled)
        for images, chunks in self.chunks.sizes:
            waiting += chunks * self.replayed(images)
        each_way: Ints = self.chunks.batch * spilled
        return each_way + waiting * (self.facts.timesteps - 1), each_way + waiting

    def replayed(self, images: int) -> Ints:
        """[layers] bytes of the currents of a chunk that the psum buffer cannot keep beside its working set."""
        room = max(0, self.buffers.psum - max(facts.psum_working_bytes for facts in self.layers))
        sizes = images * np.array([facts.replay_bytes for facts in self.layers])
        overflow: Ints = np.clip(np.cumsum(sizes) - room, 0, sizes)
        return overflow

    @cached_property
    def psum_room(self) -> int:
        """Bytes of the psum buffer that waiting currents leave free."""
        waiting = self.chunks.images * sum(facts.replay_bytes for facts in self.layers)
        return self.buffers.psum - waiting + int(self.replayed(self.chunks.images).sum())


@dataclass(frozen=True, eq=False)
class Walk:
    """A group with the strips chosen for it, and what it then moves. Results derived from a walk are cached by its
    value."""

    group: Group
    cost: GroupCost

    @cached_property
    def turns(self) -> tuple[tuple[int, int, tuple[int, ...]], ...]:
        """The visits of a timestep in order: (layer, index of the strip, first output rows of all its strips)."""
        return tuple(self.group.turns(self.cost.heights))
