"""Spikes between the layers of a group in bands of columns, in spike_out: what a wave has at work, and what waits at
the border of two bands.

Of a node of H rows whose columns up to c are there, and up to g no longer needed, when a band begins, and up to c' and
g' when it ends, H * (c - g) pixels wait when it begins, H * (c' - g') when it ends. In between, `done` of its rows
being there in the band and `gone` of them no longer needed, it is gone * (c' - g') + (H - done) * (c - g) and
(done - gone) * ((c' - c) + (c - g)): no more than the larger of the first two and (done - gone) * (c' - c). Rows and
columns of windows that have begun are the same with what has begun in the place of what is there, and what is there in
that of what is gone.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np

from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Tensor
from lifsim.schedule.tensors.begun import has_windows
from lifsim.schedule.tensors.rows import Ints
from lifsim.schedule.tensors.storage import bytes_of, element_bits, map_shape
from lifsim.schedule.waves.fused_rows import GroupRows
from lifsim.schedule.waves.spikes import added_up, rows_waiting
from lifsim.schedule.waves.turns import Turns
from lifsim.schedule.waves.waves import Sampled, Waves


@dataclass(frozen=True)
class BandSpikes:
    """Of layers `across`, column by column, in bands of which `sweep` says the columns, in a window of so many
    timesteps."""

    rows: GroupRows
    across: GroupRows
    sweep: Waves | Sampled
    timesteps: int

    def most_waiting(self, in_band: Waves) -> int:
        """Bytes of an image that spike_out must hold at the most, of bands in such waves."""
        return int(self.waiting(Turns(self.rows, in_band, self.timesteps)).max())

    def waiting(self, turns: Turns) -> Ints:
        """[waves] bytes of an image that wait at the most, at the turn of any layer."""
        held = [(self._widest[node], steps) for node, every in rows_waiting(turns).items() for steps in every]
        most: Ints = added_up(turns, held).max(axis=0) + self.at_borders
        return most

    def _pixel_bytes(self, tensor: Tensor) -> int:
        return bytes_of(map_shape(tensor.shape)[0] * element_bits(tensor, self.rows.facts.reals))

    @cached_property
    def _widest(self) -> dict[str, int]:
        """By node, bytes of the widest piece of a row that a band makes of it."""
        found = {}
        for layer in self.across.members:
            done = np.pad(self.sweep.done(layer, self.timesteps), ((0, 0), (1, 0)))
            for step in self.rows.facts.steps[layer]:
                node = self.across.facts.passing[layer][step.name]
                columns = max(int(np.diff(at[done]).max()) for at in (node.begun, node.complete))
                found[step.name] = columns * self._pixel_bytes(step.tensor)
        return found

    @cached_property
    def at_borders(self) -> int:
        """Bytes of an image that wait at the fuller border of a band, all rows of all timesteps."""
        waiting = np.zeros(self.sweep.count(self.timesteps), np.int64)
        for size, columns in self._columns_waiting():
            fuller = np.maximum(columns, np.pad(columns, ((0, 0), (1, 0)))[:, :-1])
            waiting += size * fuller.sum(axis=0)
        return int(waiting.max())

    @cached_property
    def behind_bands(self) -> Ints:
        """[bands] bytes of an image that wait behind each band, all rows of all timesteps: at one of its borders."""
        waiting = np.zeros(self.sweep.count(self.timesteps), np.int64)
        for size, columns in self._columns_waiting():
            waiting += size * columns.sum(axis=0)
        return waiting

    def _columns_waiting(self) -> Iterator[tuple[int, Ints]]:
        """Of each node, bytes of a column, and [timesteps, bands] columns that wait behind a band."""
        for layer in self.across.members:
            done = self.sweep.done(layer, self.timesteps)
            windows = has_windows(self.across.facts.steps[layer])
            for step in self.rows.facts.steps[layer]:
                node, size = self.across.facts.passing[layer][step.name], self._pixel_bytes(step.tensor)
                columns = self._still_needed(layer, step.name, done)
                if windows:
                    columns = columns + (node.begun - node.complete)[done]
                yield map_shape(step.tensor.shape)[1] * size, columns

    def _still_needed(self, layer: int, node: str, done: Ints) -> Ints:
        """[timesteps, bands] columns of a node that other layers need in later bands."""
        there, needed = self.across.facts.passing[layer][node].complete[done], np.zeros_like(done)
        for need in self.across.needs_by_node.get(node, ()):
            gone = need.gone[self.sweep.done(need.layer, self.timesteps)]
            needed = np.maximum(needed, there - gone)
        return needed
