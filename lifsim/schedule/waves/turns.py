"""The turns of a group in waves, for one window of timesteps: how far each layer is behind every wave, what a row is.

Fused, all timesteps of a window are worked on together: they are one line, whose rows are packed. Skewed, each timestep
is a line of its own.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Tensor
from lifsim.schedule.tensors.rows import Ints
from lifsim.schedule.tensors.storage import packed_row_bytes, packed_rows, rows_of
from lifsim.schedule.waves.fused_rows import GroupRows
from lifsim.schedule.waves.waves import Sampled, SideBySide, Waves


@dataclass(frozen=True)
class Turns:
    """Layers of a group that take turns in `waves` in a window of so many timesteps."""

    rows: GroupRows
    waves: Waves | SideBySide | Sampled
    timesteps: int

    @property
    def together(self) -> int:
        """Timesteps of a line."""
        return 1 if self.waves.skewed else self.timesteps

    @cached_property
    def done(self) -> dict[int, Ints]:
        """By layer, [lines, waves] rows that are done behind each wave."""
        return {layer: self.waves.done(layer, self._lines) for layer in self.rows.members}

    @cached_property
    def before(self) -> dict[int, Ints]:
        """The same before each wave."""
        return {layer: self.waves.before(layer, self._lines) for layer in self.rows.members}

    @property
    def _lines(self) -> int:
        return self.timesteps if self.waves.skewed else 1

    def computed(self, layer: int) -> Ints:
        """[lines, waves] of `done`, the lines in which the array computes a layer."""
        return self.done[layer] if self.rows.facts.layers[layer].when == "every" else self.done[layer][:1]

    def when_done(self, layer: int) -> Ints:
        """[lines, rows] in which turn of the window each row of a layer's product is done, turns counted from 0."""
        layers, rows = len(self.rows.members), np.arange(self.rows.rows(layer))
        waves = np.stack([np.searchsorted(line, rows, "right") for line in self.done[layer]])
        return waves * layers + (layer - self.rows.first)

    def row_bytes(self, tensor: Tensor) -> int:
        """Of a row of a tensor in a line."""
        return packed_row_bytes(tensor, self.rows.facts.reals, self.together)

    def input_row_bytes(self, layer: int) -> int:
        """Of a row of what a layer reads, in a line."""
        facts = self.rows.facts
        return packed_rows(facts.layers[layer].layer, facts.reals, self.together).row_bytes

    def window_bytes(self, tensor: Tensor) -> int:
        """Of all of a tensor in the window."""
        lines = min(self.timesteps, tensor.timesteps) if self.waves.skewed else 1
        return lines * rows_of(tensor.shape) * self.row_bytes(tensor)
