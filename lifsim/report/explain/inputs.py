"""The input rows of a tick-batched layer: how often each is read, and which of them stay on chip."""

from __future__ import annotations

import numpy as np

from lifsim.lazy_dataclass import dataclass
from lifsim.model.network import Layer
from lifsim.report.explain.line import minus, product
from lifsim.schedule.tensors.rows import RowAxis, single_windows, windows
from lifsim.schedule.tensors.storage import Reals, tick_rows
from lifsim.schedule.traffic import Tiling
from lifsim.units import noun_of


@dataclass(frozen=True)
class InputRows:
    """Input rows of `row_bytes` along `axis`, with all rounds packed, for one of `groups` groups of the convolution,
    or for sets of groups that take turns. buffer: bytes of spike_in."""

    axis: RowAxis
    row_bytes: int
    groups: int
    tiling: Tiling
    buffer: int

    @classmethod
    def of(cls, layer: Layer, reals: Reals, buffer: int, tiling: Tiling) -> InputRows:
        """The rows of `layer`, cut as `tiling` says."""
        layout = tick_rows(layer, reals)
        sets = tiling.group_sets(layer.groups)
        return cls(layout.axis, layer.groups // sets * layout.row_bytes, sets, tiling, buffer)

    def expression(self, batch: int) -> str:
        """Bytes read for `batch` images, as a term. Weights outer: all images are read for every filter tile. Inputs
        outer: a window stays while the filter tiles pass; if a single row is too large for the buffer, as much of it
        stays as the buffer holds."""
        stays, tiles = self.tiling.resident_spike_bytes, self.tiling.filter_tiles
        images = batch if self.tiling.order == "weights_outer" else 1
        rows = product(images, self._fetched_rows, self.row_bytes)
        fetched = minus(rows, self._spared(images))
        first = f"{stays} + " if stays else ""
        if self.tiling.order == "weights_outer":
            return f"{self.groups}*({first}{tiles}*({fetched}))"
        again = f" + {tiles - 1}*{self._streamed}" if self._streamed else ""
        return f"{product(self.groups, batch)}*({first}{fetched}{again})"

    @property
    def why(self) -> str:
        """What the numbers in the expression mean."""
        read = f"{self._fetched_rows} {noun_of(self._fetched_rows, 'row')}"
        rows = f"{read} of windows ({self.axis.rows_in} of the map) x bytes of a row"
        stays = ", some of which stay" if self.tiling.resident_spike_bytes else ""
        if self.tiling.order == "weights_outer":
            return f"groups x filter tiles x images x {rows}{stays}"
        return f"groups x images x {rows}{stays}" + (", and what overflows for each filter tile" * bool(self._streamed))

    @property
    def _uses(self) -> list[int]:
        """How many windows hold each row, in descending order."""
        starts = tuple(range(0, self.axis.rows_out, self.tiling.rows))
        rows = np.arange(self.axis.rows_in)
        return sorted(windows(self.axis, starts).uses(np.zeros_like(rows), rows).tolist(), reverse=True)

    @property
    def _fetched_rows(self) -> int:
        return sum(self._uses)

    def _spared(self, images: int) -> int:
        """Bytes that a traversal of `images` need not read because they stay on chip: those of the rows read most
        often."""
        spared, room = 0, self.tiling.resident_spike_bytes
        for uses in self._uses:
            size = min(images * self.row_bytes, room)
            spared, room = spared + uses * size, room - size
        return spared

    @property
    def _streamed(self) -> int:
        """Bytes per image by which windows of single rows exceed the buffer."""
        if self.tiling.rows > 1:
            return 0
        first, end = single_windows(self.axis)
        return sum(max(0, size * self.row_bytes - self.buffer) for size in (end - first).tolist())
