"""Skewed strips: the layers of one state, timestep t + 1 behind timestep t, as in temporal blocking of stencils.

Layer l of timestep t (both from 0) lags by t*(h + P) + p_1 + .. + p_l rows, p_l being the lags between the layers and P
all of them; in a wave it works on h rows of each timestep of the window, with one fetch of its weights. What the last
layer has left at t the first one takes up at t + 1 in the next wave: TW*(h + P) rows of state are on chip, and no
membrane moves within a window. What the array computes once waits so long in the psum buffer, as far as that has room.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np

from lifsim.lazy_dataclass import dataclass
from lifsim.schedule.facts import LayerFacts, StateFacts
from lifsim.schedule.tensors.products import gemm_of
from lifsim.schedule.tensors.rows import Ints
from lifsim.schedule.tensors.storage import bytes_of
from lifsim.schedule.timestep.step_cut import VisitShape, step_cut
from lifsim.schedule.timestep.strips import Relay
from lifsim.schedule.traffic import Held
from lifsim.schedule.waves.group import LayerTiles, StateSplit, WaveGroup
from lifsim.schedule.waves.spikes import most_waiting
from lifsim.schedule.waves.waves import Skewed, Waves
from lifsim.schedule.weights.residency import WeightSplit


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
        """The lowest strips for each number of waves, of those whose rows of state fit; the fewest waves first."""
        return tuple(self._candidates())

    def _candidates(self) -> Iterator[Waves]:
        counts, longest = set[int](), max(self.windows)
        for height in range(1, self.relay.rows + 1):
            waves = self.waves(height)
            if self.at_work(waves, self.chunks.images) > self.buffers.membrane:
                return
            if waves.count(longest) not in counts:
                counts.add(waves.count(longest))
                yield waves

    def at_work(self, waves: Waves, images: int) -> int:
        """Bytes of the rows of state that are on chip at once, of so many images."""
        rows = self.waves(waves.height).state_rows(max(self.windows))
        return images * rows * self.relay.state_row_bytes

    @property
    def least_membranes(self) -> int:
        """Of strips of one row."""
        return self.at_work(self.waves(1), self.chunks.images)

    def has_room(self, waves: Waves) -> bool:
        """First of the first timestep alone, which has few of the waves."""
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
        spilled = [facts.psum_spill_bytes * self.rounds(index) for index, facts in enumerate(self.layers)]
        read = self.chunks.batch * np.array(spilled, np.int64)
        written = read.copy()
        for images, chunks in self.chunks.sizes:
            for timesteps, count in self.windows.items():
                goes = chunks * count * images * self.relay.rows * self._overflow(waves, images, timesteps)
                written += goes * (timesteps > 1)
                read += goes * (timesteps - 1)
        return read, written

    def _overflow(self, waves: Waves, images: int, timesteps: int) -> Ints:
        """[layers] bytes of a row's currents for which the psum buffer has no room."""
        rows, row = self._waiting_rows(waves, timesteps), self._current_bytes
        size = images * rows * row
        beyond = np.clip(np.cumsum(size) - self._psum_room, 0, size)
        overflow: Ints = -(-beyond // (images * rows))
        return overflow

    def _waiting_rows(self, waves: Waves, timesteps: int) -> int:
        """Rows whose currents are at work or wait, from a window's first timestep to its last."""
        return min(self.relay.rows, (timesteps - 1) * (waves.height + self.relay.lags[-1]) + waves.height)

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
        longest, images = max(self.windows), self.chunks.images
        kept = self._current_bytes - self._overflow(waves, images, longest)
        return self.buffers.psum - images * self._waiting_rows(waves, longest) * int(kept.sum())

    def tiles(self, waves: Waves, split: WeightSplit, *, every_row: bool) -> tuple[LayerTiles, ...]:  # noqa: ARG002
        """By layer, those of the first timestep."""
        tiled = []
        for index, facts in enumerate(self.layers):
            largest = max(int(split.tile[index]) - 1, 0)
            alike = facts.tile_filters[largest + 1 - int(split.alike[index]) : largest + 1]
            tiles = tuple((alike if self.overlaps else alike[::-1]).tolist())
            starts = waves.starts(facts.layer.index)
            if split.tile[index] == 0:  # weights stream under each row
                starts = tuple(range(self.relay.rows))
            visit = VisitShape(gemm_of(facts.layer), starts, facts.rows.row_pixels, tiles, int(facts.tile_filters[0]))
            found = step_cut(visit, self.facts.psums.of(facts.layer), self.psum_room(waves))
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
