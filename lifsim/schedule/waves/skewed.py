"""Skewed strips: the layers of one state, timestep t + 1 behind timestep t, as in temporal blocking of stencils.

Layer l of timestep t (both from 0) lags by t*(h + P) + p_1 + .. + p_l rows, p_l being the lags between the layers and P
all of them; in a wave it works on h rows of each timestep of the window, with one fetch of its weights. What the last
layer has left at t the first one takes up at t + 1 in the next wave: TW*(h + P) rows of state are on chip, and no
membrane moves within a window. What the array computes once waits so long in the psum buffer, as far as that has room.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache

import numpy as np

from lifsim.lazy_dataclass import dataclass
from lifsim.schedule.chip import BufferBytes
from lifsim.schedule.facts import LayerFacts, StateFacts
from lifsim.schedule.tensors.products import gemm_of
from lifsim.schedule.tensors.rows import Ints
from lifsim.schedule.tensors.storage import bytes_of
from lifsim.schedule.timestep.group import Chunks
from lifsim.schedule.timestep.step_cut import VisitShape, step_cut
from lifsim.schedule.timestep.strips import Relay
from lifsim.schedule.traffic import Held
from lifsim.schedule.waves.cost import LayerTiles, StateSplit
from lifsim.schedule.waves.fused_rows import GroupRows
from lifsim.schedule.waves.group import WaveGroup
from lifsim.schedule.waves.heights import SAMPLES, Heights
from lifsim.schedule.waves.skewed_floors import SkewedFloors, least_of_higher
from lifsim.schedule.waves.spikes import most_at_any_turn, most_waiting
from lifsim.schedule.waves.turns import Turns
from lifsim.schedule.waves.waves import Skewed, Waves
from lifsim.schedule.weights.residency import WeightSplit
from lifsim.schedule.window import SKEWED


@dataclass(frozen=True, eq=False)
class SkewedGroup(WaveGroup):
    """relay: its layers, those of one state."""

    relay: Relay

    @property
    def apart(self) -> bool:
        """Each is worked on by itself."""
        return True

    @property
    def layers(self) -> tuple[LayerFacts, ...]:
        """As the network has them."""
        return self.facts.layers[self.rows.first : self.rows.last + 1]

    @property
    def state(self) -> StateFacts:
        """Theirs."""
        return self.facts.states[self.relay.state]

    def waves(self, height: int) -> Skewed:
        """Strips of so many rows."""
        return Skewed(self.rows.first, height, self.relay.rows, self.relay.lags)

    @cached_property
    def candidates(self) -> tuple[Waves, ...]:
        """All whose rows of state fit, of the lowest strips first."""
        return tuple(map(self.waves, self._fitting.heights.tolist()))

    def floored(self, limit: float, *, lowest: bool) -> list[tuple[int, Waves]]:
        """Of the many there are only those below `limit` are made."""
        heights, floors = self._within.heights, self._within_floors
        wanted = (np.isin(heights, self._within.lowest(max(self.windows)).heights) == lowest) & (floors < limit)
        return self._with_room(self._within.some(wanted), floors[wanted], asks=not lowest)

    def higher(self, limit: float) -> list[tuple[int, Waves]]:
        """Strips higher than the map. In the highest every layer has as many waves as timesteps, which is the least: if
        they have room, and every row of inputs comes once, none of the others moves less."""
        higher = self._fitting.some(self._fitting.heights > self.relay.rows)
        if not higher.heights.size or _least_of_higher(self.rows, self.buffers, self.chunks, self.relay) >= limit:
            return []
        top = higher.some(slice(-1, None))
        highest = self._with_room(top, SkewedFloors(self, top).each, asks=True)
        if any(self._reads_once(waves) and self.has_room(waves) for _, waves in highest):
            return highest
        floors = SkewedFloors(self, higher).each
        return self._with_room(higher.some(floors < limit), floors[floors < limit], asks=True)

    def _reads_once(self, waves: Waves) -> bool:
        """Whether every row of inputs comes once."""
        return sum(int(reads.max()) for reads in self.outside(waves)[0]) == self.enters

    def _with_room(self, heights: Heights, floors: Ints, *, asks: bool) -> list[tuple[int, Waves]]:
        """Strips with their floors; asks: those alone for some waves of which spike_out has room."""
        if asks and floors.size:
            fits = self._asked(heights) <= self.buffers.spike_out
            heights, floors = heights.some(fits), floors[fits]
        found = zip(floors.tolist(), heights.heights.tolist(), strict=True)
        return [(floor, self.waves(height)) for floor, height in found]

    @cached_property
    def _asked_of_lowest(self) -> dict[int, int]:
        """The same of the lowest strips for each number of waves, by their height."""
        lowest = self._within.lowest(max(self.windows))
        return dict(zip(lowest.heights.tolist(), self._asked(lowest).tolist(), strict=True))

    def _asked(self, heights: Heights) -> Ints:
        """[n] bytes of spike_out that some waves of strips of each height need."""
        longest = max(self.windows)
        turns = Turns(self.rows, heights.sampled(self.rows.first, longest), longest)
        most: Ints = most_at_any_turn(turns).reshape(heights.heights.size, SAMPLES).max(axis=1)
        return self.chunks.images * most

    @property
    def least_waiting(self) -> int:
        """As of all groups in waves, first of those of which some waves need the least."""
        asked = self._asked(self._fitting)
        return self.fewest((int(asked[one]), self.candidates[one]) for one in np.argsort(asked, kind="stable").tolist())

    def fewest(self, ascending: Iterable[tuple[int, Waves]]) -> int:
        """Bytes of spike_out that those need that need the least, of these, which need so many at least."""
        best = 1 << 62
        for asked, waves in ascending:
            if asked >= best:
                break
            best = min(best, self.waiting(waves, every_row=False))
        return best

    @cached_property
    def abreast(self) -> Heights:
        """Strips of all heights, side by side: from one row on to so many that each timestep of a window passes the
        whole map in a wave."""
        heights = np.arange(1, self.relay.rows + max(self.windows) * self.relay.lags[-1] + 1)
        return Heights(heights, heights + self.relay.lags[-1], self.relay.rows, self.relay.lags)

    @cached_property
    def _fitting(self) -> Heights:
        """Those whose rows of state fit."""
        return self.abreast.some(self.at_work_abreast(self.abreast, self.chunks.images) <= self.buffers.membrane)

    @cached_property
    def _within(self) -> Heights:
        """Those no higher than the map."""
        return self._fitting.some(self._fitting.heights <= self.relay.rows)

    @cached_property
    def _within_floors(self) -> Ints:
        return SkewedFloors(self, self._within).each

    def at_work(self, waves: Waves, images: int) -> int:
        """Bytes of the rows of state that are on chip at once, of so many images."""
        rows = self.waves(waves.height).state_rows(max(self.windows))
        return images * rows * self.relay.state_row_bytes

    def at_work_abreast(self, heights: Heights, images: int) -> Ints:
        """[n] the same of strips of several heights."""
        return images * heights.state_rows(max(self.windows)) * self.relay.state_row_bytes

    @property
    def most_images(self) -> int:
        """By its rows of state."""
        return self.buffers.membrane * self.chunks.images // self.least_membranes

    @property
    def least_membranes(self) -> int:
        """Of strips of one row."""
        return self.at_work(self.waves(1), self.chunks.images)

    def has_room(self, waves: Waves) -> bool:
        """First of some waves, then of the first timestep alone, which has few of them."""
        if self._asked_of_lowest.get(waves.height, 0) > self.buffers.spike_out:
            return False
        alone = self.chunks.images * most_waiting(self.turns(waves, 1))
        return alone <= self.buffers.spike_out and super().has_room(waves)

    def rounds(self, index: int) -> int:
        """At every timestep, or once a window."""
        if self.layers[index].when == "every":
            return self.facts.timesteps
        return len(self.window.spans(self.facts.timesteps))

    def whole_tiles(self, *, every_row: bool) -> frozenset[int]:  # noqa: ARG002 (fused ones ask for it)
        """All may stream."""
        return frozenset()

    def psums(self, waves: Waves) -> tuple[Ints, Ints]:
        """[layers] that spill at every round, and currents that wait: written at a window's first timestep, read at the
        others."""
        read, written = self.psums_abreast(np.array([waves.height]))
        return read[0], written[0]

    def psums_abreast(self, heights: Ints) -> tuple[Ints, Ints]:
        """The same of strips of these `heights` [n]: [n, layers] each."""
        spilled = [facts.psum_spill_bytes * self.rounds(index) for index, facts in enumerate(self.layers)]
        read = np.tile(self.chunks.batch * np.array(spilled, np.int64), (heights.size, 1))
        written = read.copy()
        for images, chunks in self.chunks.sizes:
            for timesteps, count in self.windows.items():
                overflow = self._overflow(self._waiting_rows(heights, timesteps), images)
                goes = chunks * count * images * self.relay.rows * overflow
                written += goes * (timesteps > 1)
                read += goes * (timesteps - 1)
        return read, written

    def _overflow(self, rows: Ints, images: int) -> Ints:
        """[n, layers] bytes of a row's currents for which the psum buffer has no room beside so many `rows` [n] that
        wait."""
        waiting = images * rows[:, None]
        size = waiting * self._current_bytes
        beyond = np.clip(np.cumsum(size, axis=1) - self._psum_room, 0, size)
        overflow: Ints = -(-beyond // waiting)
        return overflow

    def _waiting_rows(self, heights: Ints, timesteps: int) -> Ints:
        """[n] rows whose currents are at work or wait, from a window's first timestep to its last."""
        rows: Ints = np.minimum(self.relay.rows, (timesteps - 1) * (heights + self.relay.lags[-1]) + heights)
        return rows

    @cached_property
    def _current_bytes(self) -> Ints:
        """[layers] of a row of what is computed once."""
        bits = self.facts.reals.psum_bits
        return np.array(
            [
                bytes_of(facts.layer.lif_elements // self.relay.rows * bits) if facts.when == "first" else 0
                for facts in self.layers
            ]
        )

    @property
    def _psum_room(self) -> int:
        return max(0, self.buffers.psum - max(facts.psum_working_bytes for facts in self.layers))

    def psum_room(self, waves: Waves) -> int:
        """Bytes of the psum buffer beside the currents that wait there."""
        rows, images = self._waiting_rows(np.array([waves.height]), max(self.windows)), self.chunks.images
        kept = self._current_bytes - self._overflow(rows, images)[0]
        return self.buffers.psum - images * int(rows[0]) * int(kept.sum())

    def tiles(self, waves: Waves, split: WeightSplit, *, every_row: bool) -> tuple[LayerTiles, ...]:  # noqa: ARG002
        """By layer, those of the first timestep."""
        tiled, room = [], self.psum_room(waves)
        for index, facts in enumerate(self.layers):
            largest = max(int(split.tile[index]) - 1, 0)
            alike = facts.tile_filters[largest + 1 - int(split.alike[index]) : largest + 1]
            tiles = tuple((alike if self.overlaps else alike[::-1]).tolist())
            starts = waves.starts(facts.layer.index)
            if split.tile[index] == 0:  # weights stream under each row
                starts = tuple(range(self.relay.rows))
            visit = VisitShape(gemm_of(facts.layer), starts, facts.rows.row_pixels, tiles, int(facts.tile_filters[0]))
            found = step_cut(visit, self.facts.psums.of(facts.layer), room)
            tiled.append(LayerTiles(found.filters, found.into, Held(0, 0)))
        return tuple(tiled)

    def stays(self, waves: Waves, tiles: Sequence[LayerTiles], images: int) -> dict[str, int]:  # noqa: ARG002 (fused ones ask)
        """All, or what there is room for beside the rows at work."""
        size, room = images * self.state.bytes, self.buffers.membrane
        return {self.state.name: size if size <= room else room - self.at_work(waves, images)}

    def states(self, waves: Waves, tiles: Sequence[LayerTiles]) -> StateSplit:
        """Between windows all stays, or what does beside the rows at work."""
        read, written = np.zeros((2, len(self.layers)), np.int64)
        trips, found = len(self.window.spans(self.facts.timesteps)) - 1, list[tuple[int, int]]()
        for images, chunks in self.chunks.sizes:
            size, at_work = images * self.state.bytes, self.at_work(waves, images)
            stays = self.stays(waves, tiles, images)[self.state.name]
            found.append((stays, at_work) if trips else (0, at_work))
            moved = chunks * trips * (size - stays)
            read[0] += moved
            written[-1] += moved
        permanent, at_work = found[0]
        all_stays = permanent == self.chunks.images * self.state.bytes
        return StateSplit({self.state.name: permanent}, 0 if all_stays else at_work, 0, read, written)


@lru_cache(1 << 10)
def _least_of_higher(rows: GroupRows, buffers: BufferBytes, chunks: Chunks, relay: Relay) -> int:
    """As in windows of all timesteps: what is known of one size is known of all."""
    return least_of_higher(SkewedGroup(rows, buffers, chunks, SKEWED, overlaps=False, relay=relay))
