"""Skewed strips of many heights, side by side: what they visit and read, without a look at any wave.

A timestep's strips of h rows begin at rows y = k*h - lag, lag being what it lies behind: those of one layer are all the
rows of a map that leave the same remainder by h.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lifsim.lazy_dataclass import dataclass
from lifsim.schedule.tensors.rows import Ints, RowAxis, single_windows
from lifsim.schedule.waves.waves import Sampled, Skewed, new_waves, waves_at_work

SAMPLES = 8
"""Waves of each height that are looked at, where those of all are too many."""


@dataclass(frozen=True, eq=False)
class Heights:
    """heights: [n] of strips. skews: [n] rows by which a timestep of each lies behind the one before. map_rows, lags,
    by layer: as of `lifsim.schedule.waves.waves.Skewed`."""

    heights: Ints
    skews: Ints
    map_rows: int
    lags: tuple[int, ...]

    def _lag(self, place: int, timesteps: int) -> Ints:
        """[n, timesteps] rows that a layer, the place-th, lies behind the first one at the first timestep."""
        return np.multiply.outer(self.skews, np.arange(timesteps)) + self.lags[place]

    def works(self, place: int, timesteps: int) -> tuple[Ints, Ints]:
        """[n, timesteps] each: waves in which a layer works on a timestep, and those of them in which it has no work of
        an earlier one."""
        begin, end = waves_at_work(self._lag(place, timesteps), self.heights[:, None], self.map_rows)
        return end - begin, new_waves(begin, end)

    @classmethod
    def of(cls, strips: Skewed) -> Heights:
        """Of one height."""
        return cls(np.array([strips.height]), np.array([strips.skew]), strips.map_rows, strips.lags)

    def some(self, which: slice | NDArray[np.bool_] | np.bool_) -> Heights:
        """Those of them."""
        return replace(self, heights=self.heights[which], skews=self.skews[which])

    def lowest(self, timesteps: int) -> Heights:
        """The first of each number of waves of a window of so many timesteps, no higher than the map."""
        return self.some((np.diff(self.counts(timesteps), prepend=0) != 0) & (self.heights <= self.map_rows))

    def state_rows(self, timesteps: int) -> Ints:
        """[n] rows of the state that are on chip at once."""
        return np.minimum(self.map_rows, timesteps * self.skews)

    def counts(self, timesteps: int) -> Ints:
        """[n] waves of a window of so many timesteps."""
        found: Ints = -(-(self.map_rows + (timesteps - 1) * self.skews + self.lags[-1]) // self.heights)
        return found

    def sampled(self, first: int, timesteps: int) -> Sampled:
        """SAMPLES waves of each, of a window of so many timesteps; first: the index of the first layer."""
        waves = np.linspace(0, self.counts(timesteps) - 1, SAMPLES, axis=1).astype(np.int64)
        heights, skews = (np.repeat(each, SAMPLES) for each in (self.heights, self.skews))
        return Sampled(first, heights, skews, waves.ravel(), self.map_rows, self.lags)

    def visits(self, place: int, timesteps: int) -> Ints:
        """[n] waves of a window in which a layer has work."""
        visits: Ints = self.works(place, timesteps)[1].sum(axis=1)
        return visits

    def at_cuts(self, place: int, timesteps: int, values: Ints) -> Ints:
        """[n, timesteps] sums of `values` [map_rows] over the rows at which a timestep's strips begin, but the first
        one's: most are alike, and those near the edges of the map are not."""
        lag, (alike, often) = self._lag(place, timesteps), np.unique(values[1:], return_counts=True)
        usual = int(alike[often.argmax()]) if often.size else 0
        found = usual * (self.works(place, timesteps)[0] - 1)
        for row in (np.flatnonzero(values[1:] != usual) + 1).tolist():
            found += (int(values[row]) - usual) * ((lag + row) % self.heights[:, None] == 0)
        return found

    def rows_read(self, place: int, timesteps: int, axis: RowAxis) -> tuple[Ints, Ints]:
        """[n, timesteps] each: input rows in the windows of all strips of a layer along `axis`, and how many of them
        those of the timestep before hold in the same wave."""
        first, past = single_windows(axis)
        if axis.stride > axis.kernel:  # between windows are rows that none needs
            windows = np.full((self.heights.size, timesteps), int((past - first).sum()))
            return windows, np.zeros_like(windows)
        # Where strips meet both hold what the windows above and below the cut have in common.
        twice = np.append(0, past[:-1] - first[1:])
        windows = int(past[-1] - first[0]) + self.at_cuts(place, timesteps, twice)
        # A timestep's strip ends so many rows above the one of the timestep before.
        apart, shared = self.lags[-1], np.zeros_like(windows)
        held = np.zeros_like(twice)
        held[apart + 1 :] = np.maximum(past[: max(0, first.size - apart - 1)] - first[apart + 1 :], 0)
        shared[:, 1:] = self.at_cuts(place, timesteps, held)[:, :-1]
        return windows, shared

    def waits(self, timesteps: int) -> Ints:
        """[n] of bands of these widths: columns of a row of state that are between two of them at the most. At a border
        behind e columns they are min(e, C, D, C + D - e), of C columns and a window's lag of D."""
        columns, lag = self.map_rows, timesteps * self.lags[-1]
        below = min(columns, lag) // self.heights * self.heights
        found: Ints = np.zeros_like(below)
        for border in (below, below + self.heights):
            found = np.maximum(found, np.minimum(np.minimum(border, columns + lag - border), min(columns, lag)))
        return found

    def handed_over(self, timesteps: int) -> Ints:
        """[n] columns of a row of state that a call finds in a band behind the one of the call before it, of all calls
        of a window: where these are w columns wide and the calls d apart, d of every w."""
        every = np.stack([self._lag(place, timesteps) for place in range(len(self.lags))], axis=2)
        every = every.reshape(self.heights.size, timesteps * len(self.lags))
        width = self.heights[:, None]
        apart = np.minimum(np.diff(every, axis=1), width)
        ends = np.stack([every[:, :-1] + self.map_rows, every[:, :-1]])
        passed = ends // width * apart + np.maximum(0, ends % width - (width - apart))
        found: Ints = (passed[0] - passed[1]).sum(axis=1)
        return found
