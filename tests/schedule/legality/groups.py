"""A timestep-major group as events: its visits in order with the bytes that their moves bring, and what its plan keeps.

Which rows a visit works on follows from the outputs of its steps alone; where membranes and weights come from, from the
offsets of its moves. What of the spikes stays in spike_out follows the plan's own walk of a timestep.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product

import numpy as np

from lifsim.hardware.pipeline.kinds import Kind
from lifsim.schedule.group_steps import group_visits
from lifsim.schedule.moves import REPLAY, Visit
from lifsim.schedule.plan import GroupPlan, Plan
from lifsim.schedule.rows import windows
from lifsim.schedule.spike_store import Residency, Span, SpikeBuffers, Timestep, walk_timestep
from tests.oracles.legality import IllegalPlanError, Walker
from tests.oracles.legality_events import Compute, Drop, Event, Finish, Load, Put, Source, Store, Thing
from tests.schedule.legality.calls import CallEvents

ALL = 1 << 60


@dataclass
class Now:
    """Where a group is: the images of a chunk, a timestep, what its plan keeps then. rows: of each layer, how many are
    done; paid, brought: bytes that came for each layer's input so far, and those that it needed."""

    chunk: int
    timestep: int
    images: range
    found: Residency
    rows: dict[int, int] = field(default_factory=dict)
    paid: dict[int, int] = field(default_factory=dict)
    brought: dict[int, int] = field(default_factory=dict)


class GroupEvents:
    """Of one group, all chunks, for a walker that obeys each event before the next one is asked for."""

    def __init__(self, walker: Walker, plan: Plan, group: GroupPlan, batch: int) -> None:
        self.walker, self.net, self.nodes = walker, walker.net, walker.nodes
        self.plan, self.group, self.batch, self.facts = plan, group, batch, plan.facts
        self.spans = group.walked.group.spans(group.walked.cost.heights)
        self.calls = CallEvents(walker, plan, group, batch)

    def events(self) -> Iterator[Event]:
        now: Now | None = None
        span: Span | None = None
        passes = dict.fromkeys(self.group.indices, -1)
        done = dict.fromkeys(self.group.indices, ALL)
        for visit in group_visits(self.facts, self.batch, self.group):
            index = visit.layer
            if done[index] >= self.facts.layers[index].rows.axis.rows_out:
                passes[index], done[index] = passes[index] + 1, 0
            chunk = passes[index] // self._passes_of_a_chunk(index)
            if now is None or (now.chunk, now.timestep) != (chunk, visit.timestep):
                if now is not None:
                    yield from self._end_timestep(chunk_ends=chunk != now.chunk)
                now, span = self._begin(chunk, visit.timestep or 0), None
            if span is None or index not in span:
                span = next(one for one in self.spans if index in one)
                yield from self._begin_span(now, span)
            size = len(now.images) * self.facts.layers[index].layer.filters
            if int(visit.outputs.sum()) % size:
                raise IllegalPlanError(f"a visit of {self.net.layers[index].name} computes no whole rows")
            rows = done[index], done[index] + int(visit.outputs.sum()) // size
            yield from self._visit(visit, now, span, rows)
            done[index] = now.rows[index] = rows[1]
            yield from self._after(index, now, span)
        yield from self._end_timestep(chunk_ends=True)
        yield Drop("weight")

    def _passes_of_a_chunk(self, index: int) -> int:
        facts = self.facts.layers[index]
        always = facts.when == "every" or (facts.when == "first" and facts.layer.lif is not None)
        return self.net.timesteps if always else 1

    def _begin(self, chunk: int, timestep: int) -> Now:
        images = range(chunk * self.group.images, min((chunk + 1) * self.group.images, self.batch))
        room = self.plan.chip.room
        when = Timestep(first=timestep == 0, last=timestep == self.net.timesteps - 1)
        buffers = SpikeBuffers(room.spike_in, room.spike_out, len(images))
        return Now(chunk, timestep, images, walk_timestep(self.facts, self.spans, buffers, when))

    def _end_timestep(self, *, chunk_ends: bool) -> Iterator[Event]:
        for place in ("spike_in", "spike_out", "passing", "array", *(("membrane",) if chunk_ends else ())):
            yield Drop(place)

    # Spikes

    def _begin_span(self, now: Now, span: Span) -> Iterator[Event]:
        """spike_in takes what it takes whole; of the rest spike_out holds what the plan keeps during the span."""
        yield Drop("spike_in")
        layers = [index for index in now.found.whole if index in span]
        taken = {self.facts.layers[index].layer.input.name for index in layers}
        kept = now.found.kept[self.spans.index(span)]
        for thing, bits in list(self.walker.here.get("spike_out", {}).items()):
            name = str(thing[0])
            if name in taken:
                for low, high in runs(bits):
                    yield Put("spike_in", thing, low, high)
            yield Drop("spike_out", thing, self._kept(thing, kept.get(name, 0), now))

    def _kept(self, thing: Thing, size: int, now: Now) -> int:
        """Of the first `size` bytes of a tensor, images one behind the other, those of a plane."""
        plane = self.walker.size(thing)
        return min(max(size - now.images.index(int(str(thing[1]))) * plane, 0), plane)

    def _plane(self, name: str, image: int, now: Now) -> Thing:
        return self.walker.plane(name, image, now.timestep)

    def _missing(self, thing: Thing, low: int, high: int) -> list[tuple[int, int]]:
        here = [things[thing][low:high] for things in self.walker.here.values() if thing in things]
        absent = ~np.any(here, axis=0) if here else np.ones(max(high - low, 0), np.bool_)
        return [(low + begin, low + end) for begin, end in runs(absent)]

    def _visit(self, visit: Visit, now: Now, span: Span, rows: tuple[int, int]) -> Iterator[Event]:
        index = visit.layer
        facts, told = self.facts.layers[index], self.net.layers[index]
        computes = visit.round != REPLAY
        if computes:
            yield from self._inputs(visit, now, span, rows)
        tiles = self._tiles(visit)
        waits = told.norm is not None
        filters = 0
        for step, joined in enumerate(tiles):
            for size in joined:
                if computes:
                    yield from self._weights(visit, step, (filters, filters + size))
                    for image in now.images:
                        yield Compute(told.name, image, now.timestep, rows, (filters, filters + size))
                    yield Drop("weight", ("/weights", told.name), *self._unpinned(index, (filters, filters + size)))
                filters += size
            if not waits:
                yield from self.calls.step(visit, step, now.chunk, rows, (filters - sum(joined), filters))
        if waits:
            yield from self._calls(visit, now, rows, tiles)
        if facts.layer.residuals and self._adds_now(index, now):
            yield from self._residuals(index, now)
        for image in now.images:
            yield Finish(told.name, image, now.timestep, rows)
        yield from self._put_out(now, span)

    def _calls(self, visit: Visit, now: Now, rows: tuple[int, int], tiles: list[list[int]]) -> Iterator[Event]:
        """Of a layer whose norm waits for all sums of the visit."""
        filters = 0
        for step, joined in enumerate(tiles):
            yield from self.calls.step(visit, step, now.chunk, rows, (filters, filters + sum(joined)))
            filters += sum(joined)

    def _tiles(self, visit: Visit) -> list[list[int]]:
        """Filters of the tiles of each step, of which a step may join several."""
        layer, tiling = self.facts.layers[visit.layer].layer, self.group.layers[visit.layer - self.group.first].tiling
        sizes = [
            min(tiling.filters, layer.group_filters - begin)
            for _ in range(layer.groups)
            for begin in range(0, layer.group_filters, tiling.filters)
        ]
        shares, tiles = [int(out) * layer.filters // int(visit.outputs.sum()) for out in visit.outputs], []
        for share in shares:
            tiles.append([])
            while sum(tiles[-1]) < share and sizes:
                tiles[-1].append(sizes.pop(0))
            if sum(tiles[-1]) != share:
                raise IllegalPlanError(f"a step of {layer.name} has {share} filters, which are no whole tiles")
        return tiles

    def _inputs(self, visit: Visit, now: Now, span: Span, rows: tuple[int, int]) -> Iterator[Event]:
        index = visit.layer
        facts, node = self.facts.layers[index], self.nodes[self.net.layers[index].product]
        for position, source in enumerate(node.sources):
            if self.facts.tensors[source.node].producer in span:
                continue
            place = "passing" if position else self._input_place(index, now, span)
            size = self.nodes[source.node].row_bytes
            for image, (low, high) in product(now.images, self.net.needed(source, *rows)):
                thing = self._plane(source.node, image, now)
                for begin, end in self._missing(thing, low * size, high * size):
                    yield Load(place, thing, begin, end)
                    if not position:
                        now.brought[index] = now.brought.get(index, 0) + end - begin
        now.paid[index] = now.paid.get(index, 0) + visit.moves.total(Kind.SPIKES_IN)
        if now.paid[index] < now.brought.get(index, 0):
            raise IllegalPlanError(
                f"{facts.layer.name} at timestep {now.timestep} has brought {now.paid[index]} bytes of its input, and"
                f" rows to {rows[1] - 1} need {now.brought[index]}"
            )

    def _input_place(self, index: int, now: Now, span: Span) -> str:
        """spike_in takes the input whole, or the window of a strip; else windows stream through it."""
        if index in now.found.whole:
            return "spike_in"
        if span.first == span.last:
            return "passing"
        facts, walked = self.facts.layers[index], self.group.walked
        relay = next(r for r in walked.group.in_strips.values() if r.first == span.first)
        starts = relay.starts(index, walked.cost.heights[relay.state])
        window = len(now.images) * windows(facts.rows.axis, starts).tallest * facts.rows.row_bytes
        alone = not any(other in now.found.whole for other in range(span.first, span.last + 1))
        return "spike_in" if window <= self.plan.chip.room.spike_in and alone else "passing"

    def _adds_now(self, index: int, now: Now) -> bool:
        return self.facts.layers[index].when != "last" or now.timestep == self.net.timesteps - 1

    def _residuals(self, index: int, now: Now) -> Iterator[Event]:
        for tensor in self.facts.layers[index].layer.residuals:
            for image in now.images:
                thing = self._plane(tensor.name, image, now)
                stored = self.walker.stored(thing)
                for low, high in self._missing(thing, 0, self.walker.size(thing)):
                    yield from (Load("passing", thing, low + b, low + e) for b, e in runs(stored[low:high]))

    def _put_out(self, now: Now, span: Span) -> Iterator[Event]:
        """What the plan keeps, and what waits between the layers of strips, goes to spike_out; the rest to DRAM."""
        kept = now.found.kept[self.spans.index(span)]
        waits = span.first != span.last
        for thing in list(self.walker.fresh):
            name = str(thing[0])
            inner = waits and any(True for _ in self._readers(name, span))
            for low, high in runs(self.walker.fresh[thing]):
                end = high if inner else min(high, self._kept(thing, kept.get(name, 0), now))
                if low < end:
                    yield Put("spike_out", thing, low, end)
            if name in now.found.writes:
                begin = len(now.images) * self.walker.size(thing) - now.found.writes[name]
                yield Store("array", thing, self._kept(thing, begin, now), self.walker.size(thing))
        for name, size in kept.items():
            if self.facts.tensors[name].producer not in span:
                yield from self._keep_what_passes(name, size, now)
        yield Drop("array")
        yield Drop("passing")

    def _keep_what_passes(self, name: str, size: int, now: Now) -> Iterator[Event]:
        for image in now.images:
            thing = self._plane(name, image, now)
            places = [self.walker.here.get(place, {}).get(thing) for place in ("passing", "spike_in")]
            for bits in places:
                if bits is not None:
                    yield from (Put("spike_out", thing, *run) for run in runs(bits[: self._kept(thing, size, now)]))

    # Rows that wait between the layers of strips

    def _readers(self, name: str, span: Span) -> Iterator[tuple[str, Source]]:
        """Nodes of other layers of a span that read a node of it, and those of its own layer that have windows and are
        read by such ones."""
        inside = {self.net.layers[index].name for index in range(span.first, span.last + 1)}
        if self.nodes[name].layer not in inside:
            return
        for node in self.net.nodes:
            for source in node.sources:
                if source.node == name and node.layer in inside:
                    own = node.layer == self.nodes[name].layer
                    if not own or (source.kernel > 1 and any(True for _ in self._readers(node.name, span))):
                        yield node.name, source

    def _after(self, index: int, now: Now, span: Span) -> Iterator[Event]:
        """Rows that no layer of the strips needs any more leave spike_out, and windows spike_in."""
        if span.first == span.last:
            return
        if index not in now.found.whole:
            yield Drop("spike_in", self._plane(self.facts.layers[index].layer.input.name, now.images[0], now))
            for image in now.images[1:]:
                yield Drop("spike_in", self._plane(self.facts.layers[index].layer.input.name, image, now))
        kept = now.found.kept[self.spans.index(span)]
        for thing in list(self.walker.here.get("spike_out", {})):
            name = str(thing[0])
            needed = [self._first_needed(reader, source, now, thing) for reader, source in self._readers(name, span)]
            if needed and name in self.nodes:
                end = min(needed) * self.nodes[name].row_bytes
                yield Drop("spike_out", thing, self._kept(thing, kept.get(name, 0), now), end)

    def _first_needed(self, reader: str, source: Source, now: Now, thing: Thing) -> int:
        node = self.nodes[reader]
        done = int(np.argmin(np.append(self.walker.rows_made(self._plane(reader, int(str(thing[1])), now)), False)))
        needed = self.net.needed(source, done, done + 1) if done < node.rows else []
        return needed[0][0] if needed else self.nodes[source.node].rows

    # Weights

    def _weights(self, visit: Visit, step: int, filters: tuple[int, int]) -> Iterator[Event]:
        told = self.net.layers[visit.layer]
        if not told.filter_bytes:
            return
        moves, residency = visit.moves, self.group.residency
        begin, end = (told.filter_bytes * count for count in filters)
        region = residency.weight_region if residency else 0
        for move in np.flatnonzero((moves.step == step) & (moves.kind == Kind.WEIGHTS)):
            low, high = int(moves.offset[move]), int(moves.offset[move] + moves.bytes[move])
            low, high = max(low, begin), min(high, end)
            pinned = min(max(self._pinned(visit.layer), low), high)
            yield Load("weight", ("/weights", told.name), low, pinned)
            held = min(high, max(pinned, pinned + region)) if high > pinned else high
            yield Load("weight", ("/weights", told.name), pinned, held)
            yield Load("passing", ("/weights", told.name), held, high)

    def _pinned(self, index: int) -> int:
        return self.group.layers[index - self.group.first].tiling.resident_weight_bytes

    def _unpinned(self, index: int, filters: tuple[int, int]) -> tuple[int, int]:
        begin, end = (self.net.layers[index].filter_bytes * count for count in filters)
        return min(max(begin, self._pinned(index)), end), end


def runs(bits: np.ndarray) -> Iterator[tuple[int, int]]:  # type: ignore[type-arg]
    """Begin and end of each run of ones."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], bits.astype(np.int8), [0]])))
    yield from ((int(begin), int(end)) for begin, end in zip(edges[::2], edges[1::2], strict=True))
