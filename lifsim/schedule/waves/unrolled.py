"""A group in waves whose images exit early, window by window: what each layer moves in each window of each chunk.

Images go at the end of a window. What stays on chip from window to window, weights and membranes, is as planned for
whole chunks: every image has its place until the chunk ends. Spikes, partial sums and currents that wait, of which none
outlives a window, have their buffers to themselves with those of the images that run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property

import numpy as np

from lifsim.lazy_dataclass import dataclass
from lifsim.schedule.exits import Exits, of_last_bytes
from lifsim.schedule.timestep.group import Chunks
from lifsim.schedule.timestep.unrolled import LayerStep
from lifsim.schedule.traffic import DramBytes
from lifsim.schedule.waves.cost import WaveCost
from lifsim.schedule.waves.fused_rows import GroupRows
from lifsim.schedule.waves.group import WaveGroup, WaveWalk
from lifsim.schedule.weights.overflow import overflow_bytes
from lifsim.schedule.window import TICK


def unroll_waves(walk: WaveWalk, exits: Exits) -> Iterator[LayerStep]:
    """In order: chunks, windows, layers."""
    group, seen = walk.group, dict[tuple[int, int], _Window]()
    spans, timesteps = group.window.spans(group.facts.timesteps), group.facts.timesteps
    for chunk, first in enumerate(range(0, len(exits.steps), group.chunks.images)):
        here = exits.of_images(first, group.chunks.images)
        goes = _between_windows(walk, len(here.steps))
        for begin, end in spans:
            now, later = here.running(begin), here.running(end)
            if not now:
                break
            alike = len(now), end - begin
            window = seen[alike] = seen.get(alike) or _Window(walk, *alike)
            taken, left = group.handed_over(walk.cost.waves, end - begin, len(here.steps), len(now))
            for index, facts in enumerate(group.layers):
                moved = window.moved(index, newly=chunk == begin == 0, done=len(now) - len(later))
                moved += DramBytes(membrane_read=int(taken[index]), membrane_write=int(left[index]))
                state = group.facts.state_of(facts.layer.index)
                if state is not None and state.name in goes:
                    size = goes[state.name], state.bytes, len(here.steps)
                    read = of_last_bytes(*size, now) if begin and facts.layer.index == state.layers[0] else 0
                    leaves = facts.layer.index == state.layers[-1] and end < timesteps
                    written = of_last_bytes(*size, later) if leaves else 0
                    moved += DramBytes(membrane_read=read, membrane_write=written)
                yield LayerStep(chunk, len(now), begin, facts.layer.index, moved)


def _between_windows(walk: WaveWalk, images: int) -> dict[str, int]:
    """By state, the bytes of a chunk that leave the chip between two windows, the last ones of its images."""
    stays = walk.group.stays(walk.cost.waves, walk.cost.tiles, images)
    bytes_of = {state.name: images * state.bytes for state in walk.group.facts.states}
    return {name: bytes_of[name] - kept for name, kept in stays.items()}


@dataclass(frozen=True)
class _Window:
    """One of so many timesteps of a chunk of which so many `images` run."""

    walk: WaveWalk
    images: int
    timesteps: int

    @property
    def cost(self) -> WaveCost:
        """Of the whole group, as planned."""
        return self.walk.cost

    @cached_property
    def group(self) -> WaveGroup:
        """The group with this window alone."""
        whole = self.walk.group
        rows = GroupRows(replace(whole.facts, timesteps=self.timesteps), whole.rows.first, whole.rows.last)
        return replace(whole, rows=rows, chunks=Chunks(self.images, self.images), window=TICK)

    def moved(self, index: int, *, newly: bool, done: int) -> DramBytes:
        """By layer `index` of the group, but for membranes. newly: whether what stays of its weights comes; done:
        images that exit behind the window, and put out what they do once."""
        reads, residual = self._outside
        read, written = self._psums
        return DramBytes(
            weights=self._weights(index, newly=newly),
            spikes_in=int(reads[index][self.cost.split.tile[index]]),
            spikes_out=self._put_out(index, done),
            residual=int(residual[index]),
            psum_read=int(read[index]),
            psum_write=int(written[index]),
        )

    @cached_property
    def _outside(self) -> tuple[list[np.ndarray], np.ndarray]:
        return self.group.outside(self.cost.waves)

    @cached_property
    def _psums(self) -> tuple[np.ndarray, np.ndarray]:
        return self.group.psums(self.cost.waves)

    @cached_property
    def _visits(self) -> list[int]:
        return self.group.visits_in(self.cost.waves)

    def _weights(self, index: int, *, newly: bool) -> int:
        """Those that are pinned only when they are `newly` needed."""
        facts, split = self.group.layers[index], self.cost.split
        pinned = int(split.pinned[index])
        overflow = int(overflow_bytes(facts, np.array([split.region]))[0]) if split.tile[index] == 0 else 0
        streamed = overflow - min(pinned, overflow)
        held = facts.weight_bytes - pinned - streamed
        rows = self.group.row_visits(self.cost.waves, index)
        return held * self._visits[index] + streamed * rows + pinned * newly

    def _put_out(self, index: int, done: int) -> int:
        outputs = self.group.layers[index].layer.outputs
        once = {tensor.name for tensor in outputs if self.group.facts.tensors[tensor.name].when != "every"}
        moved = {tensor.name: self.group.put_out(tensor) for tensor in outputs}
        return sum(done * size // self.images if name in once else size for name, size in moved.items())
