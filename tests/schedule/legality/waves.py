"""A group in waves as events: its visits in order with the bytes that their moves bring, and what its plan keeps.

Which rows a visit works on is what the plan's waves say; its steps must have as many outputs. Fused, tiles' timesteps
follow each other, membranes in the array; skewed, one strip of each timestep after the other, under each filter tile.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from lifsim.hardware.pipeline.kinds import Kind
from lifsim.schedule.plan import GroupPlan, Plan
from lifsim.schedule.tensors.moves import Visit
from lifsim.schedule.traffic import Tiling
from lifsim.schedule.waves.cut import rows_of_tile
from lifsim.schedule.waves.steps import wave_visits
from tests.oracles.legality import IllegalPlanError, Walker
from tests.oracles.legality_events import Drop, Event, Finish, Load
from tests.schedule.legality.order import Range
from tests.schedule.legality.skewed import SkewedCalls, SkewedSums
from tests.schedule.legality.sums import cut
from tests.schedule.legality.tile_work import Pass, TileWork
from tests.schedule.legality.wave_spikes import WaveSpikes


@dataclass(frozen=True)
class Turn:
    """A visit: the images of a chunk, a window of timesteps with its number, rows by timestep, of so many pixels.
    closes: whether other windows follow."""

    layer: int
    images: range
    window: Range
    number: int
    rows: dict[int, range]
    closes: bool
    row_pixels: int

    @property
    def outputs(self) -> int:
        """Of one filter."""
        return len(self.images) * self.row_pixels * sum(map(len, self.rows.values()))


class WaveEvents:
    """Of one group, for a walker that obeys each event before the next one is asked for."""

    def __init__(self, walker: Walker, plan: Plan, group: GroupPlan, batch: int) -> None:
        self.walker, self.net, self.plan, self.group, self.batch = walker, walker.net, plan, group, batch
        self.skewed = group.in_waves.skewed
        self.spikes = WaveSpikes(walker, plan, group)
        self.work = {} if self.skewed else {index: TileWork(walker, plan, index, batch) for index in group.indices}
        self.calls = SkewedCalls(walker, plan, group, batch) if self.skewed else None
        self.sums = SkewedSums(walker, plan, group)
        self.paid: dict[tuple[int, Kind], int] = {}
        self._require_room()

    def _require_room(self) -> None:
        """Membranes that wait between windows lie beside those at work, those of all states together."""
        residency = self.group.residency
        if residency is not None:
            kept = sum(residency.permanent.values()) + max(residency.transient, residency.reserved)
            if kept > self.plan.chip.room.membrane:
                raise IllegalPlanError(f"{kept} bytes of membranes are to stay in {self.plan.chip.room.membrane}")

    def events(self) -> Iterator[Event]:
        visits = iter(wave_visits(self.plan.facts, self.plan.chip, self.batch, self.group))
        for turn in self._turns():
            visit = next(visits, None)
            if visit is None or visit.layer != turn.layer:
                raise IllegalPlanError(f"{turn} is not what the steps have next")
            yield from self._visit(visit, turn)
        if next(visits, None) is not None:
            raise IllegalPlanError("there are steps behind the last wave")
        yield Drop("weight")
        for index in self.group.indices:
            self.spikes.require_paid(index)
            self._require_psums(index)
            yield Drop(f"waiting of {self.net.layers[index].name}")

    def _turns(self) -> Iterator[Turn]:
        """Visits in order; where one chunk, or window, ends and the next begins, nothing waits."""
        waves, spans = self.group.in_waves, self.group.window.spans(self.net.timesteps)
        for image in range(0, self.batch, self.group.images):
            images = range(image, min(image + self.group.images, self.batch))
            for number, window in enumerate(spans):
                for wave in range(waves.count(window[1] - window[0])):
                    for index in self.group.indices:
                        rows = {t: waves.rows(index, wave, t - window[0]) for t in range(*window)}
                        rows = {timestep: mine for timestep, mine in rows.items() if mine}
                        if rows:
                            closes, pixels = number < len(spans) - 1, self.net.layers[index].row_pixels
                            yield Turn(index, images, window, number, rows, closes, pixels)

    def _visit(self, visit: Visit, turn: Turn) -> Iterator[Event]:
        told = self.net.layers[turn.layer]
        if int(visit.outputs.sum()) != turn.outputs * told.filters:
            raise IllegalPlanError(f"{turn} has {turn.outputs * told.filters} outputs, its steps {visit.outputs.sum()}")
        yield from self.spikes.inputs(visit, turn)
        for tile, joined in enumerate(self._tiles(visit, turn)):
            for parts in joined:
                for filters in parts:
                    yield from self._weights(visit, turn, tile, filters)
                yield from self._work(turn, parts)
                for filters in parts:
                    yield Drop("weight", ("/weights", told.name), *self._unpinned(turn.layer, filters))
        yield from self._finish(turn)
        self.spikes.pay(visit, turn)
        for kind in (Kind.PSUM_READ, Kind.PSUM_WRITE):
            key = turn.layer, kind
            self.paid[key] = self.paid.get(key, 0) + visit.moves.total(kind)

    def _require_psums(self, index: int) -> None:
        """What spilled, and currents that had no room, went and came."""
        name = self.net.layers[index].name
        sums = self.sums.sums if self.skewed else self.work[index].sums
        for kind in (Kind.PSUM_READ, Kind.PSUM_WRITE):
            needed = sums.spilled.get(name, 0) + self.sums.moved.get((index, kind), 0)
            if self.paid.get((index, kind), 0) < needed:
                raise IllegalPlanError(
                    f"{name} moves {self.paid.get((index, kind), 0)} bytes of {kind.name} of {needed}"
                )

    def _finish(self, turn: Turn) -> Iterator[Event]:
        name = self.net.layers[turn.layer].name
        for timestep, rows in turn.rows.items():
            yield from self.spikes.residuals(turn, timestep)
            if self.skewed:
                yield from self.sums.bring(turn, timestep)
            for image in turn.images:
                yield Finish(name, image, timestep, (rows.start, rows.stop))
            if self.skewed:
                yield from self.sums.currents(turn, timestep)
        yield from self.spikes.put_out(turn)

    # Filter tiles

    def _tiles(self, visit: Visit, turn: Turn) -> list[list[list[Range]]]:
        """Filters of the tiles, of which steps may join several: of one group, or of each of those that take turns."""
        layer, tiling = (
            self.plan.facts.layers[turn.layer].layer,
            self.group.layers[turn.layer - self.group.first].tiling,
        )
        sets, each = tiling.group_sets(layer.groups), layer.group_filters
        every = [
            [
                (group * each + begin, group * each + min(begin + tiling.filters, each))
                for group in range(first, layer.groups, sets)
            ]
            for first in range(sets)
            for begin in range(0, each, tiling.filters)
        ]
        tiles = []
        for steps in np.split(visit.outputs, visit.steps // self._strips(turn)):
            share, joined = int(steps.sum()) // turn.outputs, list[list[Range]]()
            while _filters(joined) < share and every:
                joined.append(every.pop(0))
            if _filters(joined) * turn.outputs != steps.sum():
                raise IllegalPlanError(f"a step of {layer.name} has {share} filters, which are no whole tiles")
            tiles.append(joined)
        return tiles

    def _strips(self, turn: Turn) -> int:
        return len(turn.rows) if self.skewed else 1

    def _weights(self, visit: Visit, turn: Turn, tile: int, filters: Range) -> Iterator[Event]:
        """What the steps of a tile bring: what stays, and, as far as there is room for the tile at work, the rest."""
        told, moves, strips = self.net.layers[turn.layer], visit.moves, self._strips(turn)
        if not told.filter_bytes:
            return
        begin, end = (told.filter_bytes * count for count in filters)
        region = self.group.residency.weight_region if self.group.residency else self.plan.chip.room.weight
        mine = (moves.step // strips == tile) & (moves.kind == Kind.WEIGHTS)
        for low, size in zip(moves.offset[mine].tolist(), moves.bytes[mine].tolist(), strict=True):
            low, high = max(low, begin), min(low + size, end)
            pinned = min(max(self._pinned(turn.layer, filters), low), high)
            yield Load("weight", ("/weights", told.name), low, pinned)
            held = min(high, pinned + self._part(region, turn.layer, filters)) if high > pinned else high
            yield Load("weight", ("/weights", told.name), pinned, held)
            yield Load("passing", ("/weights", told.name), held, high)

    def _pinned(self, index: int, filters: Range) -> int:
        """The end of what stays of the weights of a tile's filters: tiles stay in their order, of groups that take
        turns the parts of one behind one another."""
        layer, one = self.plan.facts.layers[index].layer, self.net.layers[index]
        place = filters[0] % (layer.filters // self._together(index))
        before, size = (self._together(index) * count * one.filter_bytes for count in (place, filters[1] - filters[0]))
        stays = min(max(self._tiling(index).resident_weight_bytes - before, 0), size)
        return filters[0] * one.filter_bytes + self._part(stays, index, filters)

    def _together(self, index: int) -> int:
        """Groups whose tiles take turns."""
        groups = self.plan.facts.layers[index].layer.groups
        return groups // self._tiling(index).group_sets(groups)

    def _part(self, size: int, index: int, filters: Range) -> int:
        """What one of them, which has these filters, has of what all of them have together."""
        together = self._together(index)
        member = filters[0] // (self.plan.facts.layers[index].layer.filters // together)
        return size * (member + 1) // together - size * member // together

    def _tiling(self, index: int) -> Tiling:
        return self.group.layers[index - self.group.first].tiling

    def _unpinned(self, index: int, filters: Range) -> Range:
        begin, end = (self.net.layers[index].filter_bytes * count for count in filters)
        return min(max(begin, self._pinned(index, filters)), end), end

    # The array's work

    def _work(self, turn: Turn, parts: list[Range]) -> Iterator[Event]:
        if self.calls is not None:
            (filters,) = parts
            for timestep, rows in turn.rows.items():
                yield from self.sums.strip(turn, timestep, rows, filters)
                yield from self.calls.strip(turn, timestep, rows, filters)
            return
        facts, tiling = self.plan.facts.layers[turn.layer], self._tiling(turn.layer)
        rows, together = next(iter(turn.rows.values())), rows_of_tile(facts.layer, tiling)
        work, tiles = self._at_work(turn), zip(*(cut(one, tiling.cut.filters) for one in parts), strict=True)
        for tile in tiles:
            for image in turn.images:
                for first in range(rows.start, rows.stop, together):
                    part = first, min(first + together, rows.stop)
                    yield from work.events(Pass(True, True), image, part, list(tile))

    def _at_work(self, turn: Turn) -> TileWork:
        """It knows its window, and which membranes it finds and leaves."""
        work = self.work[turn.layer]
        told, layer = self.net.layers[turn.layer], self.plan.facts.layers[turn.layer].layer
        if (work.window, work.number) != (turn.window, turn.images.start):
            each = layer.pixels * layer.filters // told.calls
            work.window, work.number = turn.window, turn.images.start
            work.begun = work.base = turn.images.start * each
            work.opens, work.closes = turn.number > 0, turn.closes
            work.kept, work.every = self._staying(turn)
        return work

    def _staying(self, turn: Turn) -> tuple[int, int]:
        """Of how many bytes of the membranes of a chunk so many stay between windows."""
        residency = self.group.residency
        state = next((one for one in self.plan.facts.states if turn.layer in one.layers), None)
        if state is None or residency is None:
            return 1, 1
        every = len(turn.images) * state.bytes
        return min(residency.permanent.get(state.name, 0), every), every


def _filters(tiles: list[list[Range]]) -> int:
    return sum(end - begin for parts in tiles for begin, end in parts)
