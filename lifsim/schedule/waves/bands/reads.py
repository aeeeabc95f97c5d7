"""What a group in bands of columns reads from outside, in a window of timesteps, per image.

A turn's window of its layer's input, rows by columns with their halos, comes once if spike_in holds any turn's of the
layer, else once per filter tile, row by row where weights stream under each row; bands read their halos again. Of a row
those bytes come that any of its columns has a part of. Operands of adds come once for the pixels that need them.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Layer, Tensor
from lifsim.schedule.tensors.rows import Ints, row_tiles, single_windows
from lifsim.schedule.tensors.storage import element_bits, map_shape, rows_of, step_row_bytes
from lifsim.schedule.waves.bands.bands import Banded
from lifsim.schedule.waves.fused_rows import GroupRows
from lifsim.schedule.waves.reads import OutsideReads
from lifsim.schedule.waves.turns import Turns


@dataclass(frozen=True, eq=False)
class BandReads:
    """Of the layers of `rows`, and the same ones column by column, `across`, in a window of so many timesteps, beside a
    spike_in of so many bytes, by chunks of so many images."""

    rows: GroupRows
    across: GroupRows
    waves: Banded
    timesteps: int
    room: int
    images: int

    def is_outside(self, tensor: Tensor) -> bool:
        """Whether no layer of the group makes it."""
        return self.rows.facts.tensors[tensor.name].producer not in self.rows.members

    def _layer(self, layer: int) -> Layer:
        return self.rows.facts.layers[layer].layer

    @cached_property
    def _down(self) -> OutsideReads:
        return OutsideReads(Turns(self.rows, self.waves.in_band, self.timesteps), self.room, self.images)

    def columns(self, layer: int) -> tuple[Ints, Ints]:
        """[timesteps, bands] bytes of a row of its input that a turn of a layer needs, and how many of them are those
        of the timestep before: of an image that is computed at all of them."""
        axis, tensor = self.across.facts.layers[layer].rows.axis, self._layer(layer).input
        strips = self.waves.sweep.strips(layer, self.timesteps)
        first, past = single_windows(axis)
        begin, end = strips[..., 0], strips[..., 1]
        works = end > begin
        bits = map_shape(tensor.shape)[0] * element_bits(tensor, self.rows.facts.reals)
        if axis.stride > axis.kernel:  # between windows are columns that none needs
            low, high = (np.concatenate([[0], np.cumsum(past - first)])[edge] * bits // 8 for edge in (begin, end))
        else:
            low, high = np.append(first, 0)[begin] * bits // 8, -(-np.concatenate([[0], past])[end] * bits // 8)
        columns = np.where(works & (high > low), high - low, 0)
        shared = np.zeros_like(columns)
        if tensor.timesteps == 1:  # a timestep's columns lie to the left of those of the one before
            both = (columns[:-1] > 0) & (columns[1:] > 0)
            shared[1:] = np.clip(high[1:] - low[:-1], 0, None) * both
        return columns, shared

    def turns(self, layer: int) -> tuple[Ints, Ints]:
        """[timesteps, bands, waves] bytes of an image's input that a layer needs in each turn, and how many of them are
        those of the timestep before."""
        found = zip(self.columns(layer), self._down.windows(layer), strict=True)
        needed, shared = (columns[:, :, None] * rows[:, None, :] for columns, rows in found)
        return needed, shared

    def brought(self, layer: int) -> Ints:
        """[timesteps, bands, waves] bytes of an image's input that a layer brings with its first filter tile."""
        needed, shared = self.turns(layer)
        if not self.is_outside(self._layer(layer).input):
            return np.zeros_like(needed)
        return needed - shared if self._fit(needed - shared) else needed

    def _fit(self, brought: Ints) -> bool:
        return self.images * int(brought.sum(axis=0).max()) <= self.room

    @property
    def most_held(self) -> int:
        """Bytes of spike_in of the fullest turn, as far as they fit."""
        inputs = ((index, self._layer(index).input) for index in self.rows.members)
        turns = (self.turns(index) for index, tensor in inputs if self.is_outside(tensor))
        found = max((int((needed - shared).sum(axis=0).max()) for needed, shared in turns), default=0)
        return min(self.room, self.images * found)

    def inputs(self, layer: int, counts: Ints) -> Ints:
        """[1 + m] bytes of a layer's input: entry 0 if weights stream under each row, 1 + m for filter tile m; `counts`
        [1 + m]: filter tiles of a turn."""
        if not self.is_outside(self._layer(layer).input):
            return np.zeros_like(counts)
        needed, shared = self.turns(layer)
        if self._fit(needed - shared):
            return np.full_like(counts, int((needed - shared).sum()))
        reads: Ints = counts * int(needed.sum())
        row_by_row = int(row_tiles(self.rows.facts.layers[layer].rows.axis).single_windows.sum())
        reads[0] = counts[0] * row_by_row * int(self.columns(layer)[0].sum())
        return reads

    def residual(self, layer: int) -> int:
        """Bytes of the operands of adds behind a layer."""
        tensors = [tensor for tensor in self._layer(layer).residuals if self.is_outside(tensor)]
        row = [step_row_bytes(tensor, self.rows.facts.reals) * rows_of(tensor.shape) for tensor in tensors]
        return self.timesteps * sum(row)
