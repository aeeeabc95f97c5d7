"""Skewed strips in bands of columns: what of a row of state does not fit waits for the next band.

Band after band, in each wave after wave, as skewed strips do. A band is `width` columns; layer l of timestep t lies
behind in columns, too, by t*P + p_1 + .. + p_l, the p being half kernels of columns between the layers and P their sum:
it computes columns b*w - lag .. (b+1)*w - lag - 1 in band b. What a kernel needs to the right is done in the same band,
what it needs to the left in it or in the one before. Between a timestep's last layer and the next one's first there is
no further lag: a neuron's state depends on its own alone, and within a band rows keep the order.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from lifsim.lazy_dataclass import dataclass
from lifsim.schedule.tensors.rows import Ints
from lifsim.schedule.waves.heights import Heights
from lifsim.schedule.waves.waves import Skewed


@dataclass(frozen=True)
class Sweep(Skewed):
    """Bands as waves of columns: `height` columns each, of map_rows."""

    @property
    def skew(self) -> int:
        """No further than the last layer of the timestep before."""
        return self.lags[-1]


@dataclass(frozen=True)
class Banded(Skewed):
    """sweep: the bands. kept_rows: of what is between two bands these rows, from the first one on, stay in the
    membrane buffer; of the others it goes to DRAM and comes back."""

    sweep: Sweep
    kept_rows: int = 0

    @property
    def width(self) -> int:
        """Columns of the last layer's outputs a band."""
        return self.sweep.height

    @property
    def in_band(self) -> Skewed:
        """The waves of one band."""
        return Skewed(self.first, self.height, self.map_rows, self.lags)

    def bands(self, timesteps: int) -> int:
        """Until the last timestep of the last layer has passed the map."""
        return self.sweep.count(timesteps)

    def many(self, timesteps: int) -> tuple[int, int]:
        """Bands, and waves of each."""
        return self.bands(timesteps), self.in_band.count(timesteps)

    def count(self, timesteps: int) -> int:
        """Of all bands."""
        bands, each = self.many(timesteps)
        return bands * each

    def done(self, layer: int, timesteps: int) -> Ints:
        """[timesteps, waves] of its band."""
        return np.tile(self.in_band.done(layer, timesteps), (1, self.bands(timesteps)))

    def strips(self, layer: int, timesteps: int) -> Ints:
        """[timesteps, waves, 2]; where a band has no columns of a layer, no rows."""
        rows = np.tile(self.in_band.strips(layer, timesteps), (1, self.bands(timesteps), 1))
        columns = self.columns(layer, timesteps)
        return np.where(columns[..., 1:] > columns[..., :1], rows, 0)

    def columns(self, layer: int, timesteps: int) -> Ints:
        """[timesteps, waves, 2]"""
        return np.repeat(self.sweep.strips(layer, timesteps), self.in_band.count(timesteps), axis=1)

    def line(self, layer: int, timestep: int) -> tuple[Ints, Ints]:
        """As of `Waves`, each wave of one band with each band."""
        rows, _ = self.in_band.line(layer, timestep)
        across, _ = self.sweep.line(layer, timestep)
        return np.tile(rows, (len(across), 1)), np.repeat(across, len(rows), axis=0)

    def visits(self, layer: int, timesteps: int) -> int:
        """Waves of all bands in which a layer has work."""
        tall, wide = (Heights.of(one) for one in (self.in_band, self.sweep))
        return int(visits_in_bands(tall, wide, layer - self.first, timesteps)[0, 0])

    def waits(self, timesteps: int) -> int:
        """Columns of a row of state that are between two bands at the most."""
        return int(Heights.of(self.sweep).waits(timesteps)[0])

    @property
    def map_columns(self) -> int:
        """Columns of the map."""
        return self.sweep.map_rows

    def handed_over(self, timesteps: int) -> tuple[Ints, Ints]:
        """[layers] each: columns of a row of state that a band takes over from an earlier one, and that it leaves to a
        later one, in all bands, by the layer that calls on them next, or has last."""
        return _handed_over(self.sweep, timesteps)


def visits_in_bands(tall: Heights, wide: Heights, place: int, timesteps: int) -> Ints:
    """[heights, widths] waves of all bands in which a layer, the place-th, has work: of a band those of its first
    timestep, and of each further one those that the one before has not."""
    (waves, newly), (bands, first) = tall.works(place, timesteps), wide.works(place, timesteps)
    visits: Ints = waves @ first.T + newly @ (bands - first).T
    return visits


@lru_cache(maxsize=1 << 12)
def _handed_over(sweep: Sweep, timesteps: int) -> tuple[Ints, Ints]:
    lags = np.array(sweep.lags)
    every = (np.arange(timesteps)[:, None] * sweep.skew + lags).ravel()  # of call after call
    band = (every[:, None] + np.arange(sweep.map_rows)) // sweep.height
    passed = (np.diff(band, axis=0) > 0).sum(axis=1)
    layer = np.arange(every.size) % lags.size
    found = [np.bincount(by, passed, lags.size).astype(np.int64) for by in (layer[1:], layer[:-1])]
    return found[0], found[1]
