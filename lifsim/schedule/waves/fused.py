"""Fused groups: strips of rows, all timesteps of a window, layer after layer.

Each layer works on as many rows as later ones need next (`lifsim.schedule.waves.fused_rows`), all timesteps of a window
back to back, as in a tick-batched tile: membranes live and die in the PEs. Spikes between the layers wait in spike_out;
what the array computes once a layer computes once in every visit, and its tile keeps the currents.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property, lru_cache

import numpy as np

from lifsim.hardware.array import Cut
from lifsim.lazy_dataclass import dataclass
from lifsim.schedule.chip import Chip
from lifsim.schedule.facts import LayerFacts, StateFacts
from lifsim.schedule.tensors.products import gemm_of
from lifsim.schedule.tensors.psums import spilled_by
from lifsim.schedule.tensors.rows import Ints, tile_filters
from lifsim.schedule.tick.ways import UNCHAINED, Way
from lifsim.schedule.timestep.step_cut import VisitShape
from lifsim.schedule.traffic import Held
from lifsim.schedule.waves.cost import LayerTiles, StateSplit
from lifsim.schedule.waves.fused_tiles import FusedShape, Rows, fused_cut
from lifsim.schedule.waves.group import WaveGroup
from lifsim.schedule.waves.reads import OutsideReads
from lifsim.schedule.waves.spikes import most_by_height
from lifsim.schedule.waves.turns import Turns
from lifsim.schedule.waves.waves import Waves
from lifsim.schedule.weights.residency import WeightSplit


@dataclass(frozen=True, eq=False)
class FusedGroup(WaveGroup):
    """ways: by layer, in which its chains are worked off. chip: of whose array."""

    chip: Chip
    ways: tuple[Way, ...]

    @property
    def apart(self) -> bool:
        """They are packed."""
        return False

    @cached_property
    def layers(self) -> tuple[LayerFacts, ...]:
        """With the filter tiles that their chains allow."""
        own = self.facts.layers[self.rows.first : self.rows.last + 1]
        return tuple(_tiled(layer, way, self.chip.shape.cols) for layer, way in zip(own, self.ways, strict=True))

    @property
    def candidates(self) -> tuple[Waves, ...]:
        """Of the lowest strips for each number of waves, of a single one first, then all others."""
        return tuple(map(self.rows.side_by_side.apart, range(len(self.rows.side_by_side.heights))))

    def floored(self, limit: float, *, lowest: bool) -> list[tuple[int, Waves]]:
        """Others than the lowest are looked at where they have room, with what is known of their inputs."""
        if lowest:
            every = zip(self._floors.tolist(), self.rows.lowest, strict=False)
            return [(floor, waves) for floor, waves in every if floor < limit]
        begin, waves = len(self.rows.lowest), self.rows.side_by_side
        others = begin + np.flatnonzero(self._floors[begin:] < limit)
        if others.size:
            others = others[self._waiting(every_row=False)[others] <= self.buffers.spike_out]
        if not others.size:
            return []
        floors = (self._floors - self.enters + self._enters_beside).tolist()
        return [(floors[one], waves.apart(one)) for one in others.tolist() if floors[one] < limit]

    @cached_property
    def _floors(self) -> Ints:
        """[heights] bytes that none of them goes below: weights, what enters and leaves."""
        often = self.chunks.count * self.windows.total()
        return self.fetched_at_least(often * self.rows.side_by_side.visits) + self.fixed + self.enters

    @property
    def _enters_beside(self) -> Ints:
        """[heights] bytes of inputs and of operands of adds at least, of psums, and of membranes at least."""
        begins, size = self.rows.side_by_side.begins[:-1], sum(state.bytes for state in self._states)
        found = np.full(begins.size, 2 * int(self._spilled.sum()))
        for images, chunks in self.chunks.sizes:
            found += 2 * chunks * (self.windows.total() - 1) * max(0, images * size - self.buffers.membrane)
            for timesteps, count in self.windows.items():
                turns = Turns(self.rows, self.rows.side_by_side, timesteps)
                outside = OutsideReads(turns, self.buffers.spike_in, images)
                each = self.enters_in(timesteps) if outside.whole else outside.at_least(begins)
                found += chunks * count * images * each
        return found

    def waiting(self, waves: Waves, *, every_row: bool) -> int:
        """As of all groups in waves."""
        return int(self._waiting(every_row=every_row)[self.rows.side_by_side.places[waves.height]])

    def _waiting(self, *, every_row: bool) -> Ints:
        """[heights] the same."""
        most: Ints = np.max([most_by_height(self.rows, one, every_row=every_row) for one in self.windows], axis=0)
        return self.chunks.images * most

    @property
    def most_images(self) -> int:
        """By what waits between its layers."""
        each = int(self._waiting(every_row=False).min()) // self.chunks.images
        return self.buffers.spike_out // each if each else self.chunks.batch

    def rounds(self, index: int) -> int:  # noqa: ARG002 (of skewed ones layers differ)
        """Once a window."""
        return len(self.window.spans(self.facts.timesteps))

    def whole_tiles(self, *, every_row: bool) -> frozenset[int]:
        """Layers whose chains alternate: no PE keeps their weights from one timestep to the next. Where rows that have
        begun have no room behind every row, those, too, whose rows would be worked off one by one."""
        alternate = {index for index, way in enumerate(self.ways) if way.chains is not None and way.chains.alternating}
        return frozenset(alternate if every_row else alternate | self.windowed)

    def psums(self, waves: Waves) -> tuple[Ints, Ints]:  # noqa: ARG002 (tiles spill the fewest in whatever waves)
        """[layers] that spill in all windows, in tiles that spill the fewest."""
        return self._spilled, self._spilled

    @cached_property
    def _spilled(self) -> Ints:
        found = np.zeros(len(self.layers), np.int64)
        for index, (facts, way) in enumerate(zip(self.layers, self.ways, strict=True)):
            store = self.facts.psums.of(facts.layer, way.chains)
            if not store.dataflow.sums_in_pes:
                gemm, rows = gemm_of(facts.layer, way.chains), facts.rows
                into = Cut(tuple(range(0, gemm.pixels, rows.row_pixels)), int(facts.tile_filters[0]), chains=way.chains)
                each = (count * spilled_by(gemm, into, store, rounds) for rounds, count in self._rounds(facts))
                found[index] = self.chunks.batch * sum(each)
        return found

    def _rounds(self, facts: LayerFacts) -> list[tuple[int, int]]:
        """(rounds that run back to back, windows with so many)."""
        return [(min(timesteps, facts.layer.rounds), count) for timesteps, count in self.windows.items()]

    def tiles(self, waves: Waves, split: WeightSplit, *, every_row: bool) -> tuple[LayerTiles, ...] | None:
        """By layer, those of the longest window. Where rows that have begun have no room behind every row, no visit is
        cut whose windows would be."""
        tiled = list[LayerTiles]()
        for index, (facts, way) in enumerate(zip(self.layers, self.ways, strict=True)):
            largest = max(int(split.tile[index]) - 1, 0)
            alike = facts.tile_filters[largest + 1 - int(split.alike[index]) : largest + 1]
            tiles = tuple((alike if self.overlaps else alike[::-1]).tolist())
            starts = waves.starts(self.rows.first + index)
            visit = VisitShape(
                gemm_of(facts.layer, way.chains), starts, facts.rows.row_pixels, tiles, int(facts.tile_filters[0])
            )
            store = self.facts.psums.of(facts.layer, way.chains)
            waits = tuple(self.chip.overlap.first_weights(np.array(tiles) * facts.filter_bytes).tolist())
            shape = FusedShape(visit, waits, max(rounds for rounds, _ in self._rounds(facts)), way, store)
            whole = not every_row and index in self.windowed
            found = fused_cut(shape, Rows.EACH if split.tile[index] == 0 else Rows.ALL if whole else Rows.ANY)
            if found is None:
                return None
            held = Held(0, 0) if way.membranes is None else way.membranes.held_by(facts.layer, found.into)
            tiled.append(LayerTiles(found.filters, found.into, held, 0 if way.chains is None else found.cycles))
        return tuple(tiled)

    def states(self, waves: Waves, tiles: Sequence[LayerTiles]) -> StateSplit:  # noqa: ARG002 (skewed ones ask)
        """Between windows those stay for which there is room beside what is at work, first those of first layers."""
        found, moved = list[tuple[dict[str, int], int]](), np.zeros(len(self.layers), np.int64)
        at_work = self._at_work(tiles)
        trips = len(self.window.spans(self.facts.timesteps)) - 1
        for images, chunks in self.chunks.sizes:
            permanent, reserved = self._stay(images, at_work)
            found.append((permanent, reserved))
            for state in self._states if trips else ():
                goes = images * state.bytes - permanent[state.name]
                moved[state.layers[0] - self.rows.first] += chunks * trips * goes
        if not trips:
            return StateSplit({}, 0, at_work, moved, moved)
        permanent, reserved = found[0]
        return StateSplit(permanent, 0, reserved, moved, moved)

    def stays(self, waves: Waves, tiles: Sequence[LayerTiles], images: int) -> dict[str, int]:  # noqa: ARG002 (skewed ones ask)
        """First those of first layers."""
        return self._stay(images, self._at_work(tiles))[0]

    def _at_work(self, tiles: Sequence[LayerTiles]) -> int:
        rooms = ((way.membranes, one.held.most) for way, one in zip(self.ways, tiles, strict=True))
        return max(0 if room is None else room.bytes(most) for room, most in rooms)

    def _stay(self, images: int, at_work: int) -> tuple[dict[str, int], int]:
        """Bytes of each state of a chunk that stay, and those that are kept free for what streams and is at work."""
        room = self.buffers.membrane
        every = images * sum(state.bytes for state in self._states)
        granule = max((state.granule for state in self._states), default=0)
        reserved = 0 if every <= room else min(room, max(granule, at_work))
        left, permanent = room - reserved, dict[str, int]()
        for state in self._states:
            permanent[state.name] = min(images * state.bytes, left)
            left -= permanent[state.name]
        return permanent, reserved

    @property
    def _states(self) -> list[StateFacts]:
        return [state for state in self.facts.states if state.layers[0] in self.rows.members]


@lru_cache(1 << 12)
def _tiled(facts: LayerFacts, way: Way, cols: int) -> LayerFacts:
    if way == UNCHAINED:
        return facts
    filters, together = facts.layer.group_filters, 1 if way.chains is None else way.chains.groups
    return replace(
        facts,
        tile_filters=tile_filters(filters, way.smallest_tile(facts.layer, cols)),
        filter_bytes=together * facts.filter_bytes,
        in_turn=together,
    )
