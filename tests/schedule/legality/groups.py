"""A timestep-major group as events: its visits in order with the bytes that their moves bring, and what its plan keeps.

Which rows a visit works on follows from the outputs of its steps alone; where membranes and weights come from, from the
offsets of its moves.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lifsim.hardware.pipeline.kinds import Kind
from lifsim.memo import Memo
from lifsim.schedule.plan import GroupPlan, Plan
from lifsim.schedule.tensors.moves import REPLAY, Visit
from lifsim.schedule.timestep.spike_store import Span, SpikeBuffers, Timestep, walk_timestep
from lifsim.schedule.timestep.steps import group_visits
from tests.oracles.legality import IllegalPlanError, Walker
from tests.oracles.legality_events import Drop, Event, Finish, Load
from tests.schedule.legality.calls import CallEvents
from tests.schedule.legality.group_psums import GroupPsums
from tests.schedule.legality.norm_sums import LotsOfSums
from tests.schedule.legality.order import Range
from tests.schedule.legality.spikes import GroupSpikes, Now
from tests.schedule.legality.sums import Block

ALL = 1 << 60


class GroupEvents:
    """Of one group, all chunks, for a walker that obeys each event before the next one is asked for."""

    def __init__(self, walker: Walker, plan: Plan, group: GroupPlan, batch: int) -> None:
        self.walker, self.net = walker, walker.net
        self.plan, self.group, self.batch, self.facts = plan, group, batch, plan.facts
        self.spans = group.walked.group.spans(group.walked.cost.heights)
        self.calls = CallEvents(walker, plan, group, batch)
        self.spikes = GroupSpikes(walker, plan, group, self.spans)
        self.psums = GroupPsums(walker, plan, group)
        self.lots = {index: LotsOfSums(walker, plan, index, batch) for index in group.indices}

    def events(self) -> Iterator[Event]:
        now: Now | None = None
        span: Span | None = None
        passes = dict.fromkeys(self.group.indices, -1)
        done = dict.fromkeys(self.group.indices, ALL)
        for visit in group_visits(self.facts, self.batch, self.group, Memo()):
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
                yield from self.spikes.begin_span(now, span)
            size = len(now.images) * self.facts.layers[index].layer.filters
            if int(visit.outputs.sum()) % size:
                raise IllegalPlanError(f"a visit of {self.net.layers[index].name} computes no whole rows")
            rows = done[index], done[index] + int(visit.outputs.sum()) // size
            yield from self._visit(visit, now, span, rows)
            done[index] = now.rows[index] = rows[1]
            yield from self.spikes.after(index, now, span)
        yield from self._end_timestep(chunk_ends=True)
        yield Drop("weight")
        for lots in self.lots.values():
            lots.require_paid()

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
        for place in ("spike_in", "spike_out", "passing", "array", *(("membrane", "psum") if chunk_ends else ())):
            yield Drop(place)

    def _visit(self, visit: Visit, now: Now, span: Span, rows: Range) -> Iterator[Event]:
        index = visit.layer
        told, filters = self.net.layers[index], 0
        computes = visit.round != REPLAY
        if computes:
            yield from self.spikes.inputs(visit, now, span, rows)
        tiles = self._tiles(visit)
        for step, joined in enumerate(tiles):
            for size in joined:
                if computes:
                    yield from self._weights(visit, step, (filters, filters + size))
                    yield from self._sums(index, now, rows, (filters, filters + size))
                    yield Drop("weight", ("/weights", told.name), *self._unpinned(index, (filters, filters + size)))
                filters += size
            if told.norm is None:
                yield from self.calls.step(visit, step, now.chunk, rows, (filters - sum(joined), filters))
        if told.norm is not None:
            yield from self._calls(visit, now, rows, tiles)
        yield from self.spikes.residuals(index, now)
        yield from self.psums.bring_currents(index, now, rows)
        for image in now.images:
            yield Finish(told.name, image, now.timestep, rows)
        yield from self.psums.keep_currents(index, now, rows)
        complete = rows[1] == self.facts.layers[index].rows.axis.rows_out
        self.spikes.added(visit, now, complete=complete)
        self.psums.pay(visit, complete=complete)
        yield from self.spikes.put_out(now, span)

    def _sums(self, index: int, now: Now, rows: Range, filters: Range) -> Iterator[Event]:
        """Of a tile of filters; those of all images wait for a norm, and pass it, or are computed again."""
        lots, told = self.lots[index], self.net.layers[index]
        pixels = rows[0] * told.row_pixels, rows[1] * told.row_pixels
        if lots.wait:
            lots.begin(len(now.images) * (pixels[1] - pixels[0]) * (filters[1] - filters[0]))
        self.psums.sums.lots = lots if lots.wait else None
        for image in now.images:
            yield from self.psums.visit(index, image, now.timestep, rows, filters)
        if not lots.wait:
            return
        lots.restart()
        for image in now.images:
            self.psums.sums.again = lots.twice
            if lots.twice:
                yield from self.psums.visit(index, image, now.timestep, rows, filters)
            self.psums.sums.again = False
            yield from lots.taken(Block(told.name, image, pixels, filters), now.timestep)
        yield from lots.end()
        self.psums.sums.lots = None

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

    # Weights

    def _weights(self, visit: Visit, step: int, filters: Range) -> Iterator[Event]:
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

    def _unpinned(self, index: int, filters: Range) -> Range:
        begin, end = (self.net.layers[index].filter_bytes * count for count in filters)
        return min(max(begin, self._pinned(index)), end), end
