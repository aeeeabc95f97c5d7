"""Waves: several layers of a group take turns on a few rows at a time, all timesteps of a window in each turn.

For each chunk of images, for each window of timesteps, for each wave, for each layer of the group: the timesteps of the
window, rows of outputs. A layer's turn in a wave is a visit. *Fused*: all timesteps of a visit have the same rows, back
to back, so that membranes live and die in the PEs; a layer is as far ahead of the last one as the windows of later
layers need. *Skewed*: layers of one state, timestep t + 1 behind timestep t, so that the first layer finds at t + 1
what the last one has left at t.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from functools import cached_property
from typing import ClassVar

import numpy as np

from lifsim.lazy_dataclass import dataclass
from lifsim.schedule.tensors.rows import Ints


@dataclass(frozen=True)
class Waves(ABC):
    """Of a group whose first layer (an index) this is. height: rows of the last layer's outputs a wave."""

    first: int
    height: int

    @property
    @abstractmethod
    def skewed(self) -> bool:
        """Whether timesteps of a window lie behind one another; if not, all of them have the same rows in a wave."""

    @property
    def width(self) -> int | None:
        """Columns of the last layer's outputs a band; None: rows are not cut."""
        return None

    @abstractmethod
    def count(self, timesteps: int) -> int:
        """How many a window of so many timesteps has."""

    @abstractmethod
    def done(self, layer: int, timesteps: int) -> Ints:
        """[timesteps, waves] rows of the outputs of a layer's product (an index) that are done behind each wave."""

    def before(self, layer: int, timesteps: int) -> Ints:
        """The same before each wave."""
        done = self.done(layer, timesteps)
        before = np.zeros_like(done)
        before[:, 1:] = done[:, :-1]
        return before

    def strips(self, layer: int, timesteps: int) -> Ints:
        """[timesteps, waves, 2] first row and end of the outputs of a layer's product (an index) that it works on in
        each wave of a window. Where they are equal, on none."""
        return np.stack([self.before(layer, timesteps), self.done(layer, timesteps)], axis=-1)

    def columns(self, layer: int, timesteps: int) -> Ints | None:
        """[timesteps, waves, 2] first column and end of these rows; None: they are whole."""
        del layer, timesteps
        return None

    def line(self, layer: int, timestep: int) -> tuple[Ints, Ints | None]:
        """`strips` and `columns` [strips, 2] of one timestep of a window (from 0 on), of the waves in which the layer
        has work."""
        strips, columns = self.strips(layer, timestep + 1)[timestep], self.columns(layer, timestep + 1)
        works = strips[:, 1] > strips[:, 0]
        return strips[works], None if columns is None else columns[timestep][works]

    def many(self, timesteps: int) -> tuple[int, int]:
        """How many bands of columns a window has, and waves each."""
        return 1, self.count(timesteps)

    def rows(self, layer: int, wave: int, timestep: int, timesteps: int | None = None) -> range:
        """Rows of the outputs of a layer's product (an index) that it works on in a wave; timestep: from 0 within the
        window, of so many (None: it is the last one). May be empty."""
        strips = self.strips(layer, timesteps or timestep + 1)[timestep]
        # Behind its last one there may be waves of later timesteps.
        return range(*strips[wave].tolist()) if wave < len(strips) else range(int(strips[-1, 1]), int(strips[-1, 1]))

    def starts(self, layer: int) -> tuple[int, ...]:
        """First rows of a layer's visits, at the first timestep of a window."""
        return tuple(begin for begin, end in self.strips(layer, 1)[0].tolist() if end > begin)

    def visits(self, layer: int, timesteps: int) -> int:
        """Waves of a window in which a layer has work."""
        strips = self.strips(layer, timesteps)
        return int((strips[..., 1] > strips[..., 0]).any(axis=0).sum())


@dataclass(frozen=True)
class Fused(Waves):
    """ends: [layers][waves] rows that are done behind each wave, at every timestep."""

    ends: tuple[tuple[int, ...], ...]

    @property
    def skewed(self) -> bool:
        """It is not."""
        return False

    def count(self, timesteps: int) -> int:  # noqa: ARG002 (skewed ones ask for them)
        """As many whatever the window."""
        return len(self.ends[0])

    def done(self, layer: int, timesteps: int) -> Ints:
        """[timesteps, waves], all timesteps alike."""
        return np.tile(self._ends[layer - self.first], (timesteps, 1))

    def visits(self, layer: int, timesteps: int) -> int:  # noqa: ARG002 (skewed ones ask for them)
        """As many whatever the window."""
        return self._visits[layer - self.first]

    @cached_property
    def _ends(self) -> Ints:
        return np.array(self.ends)

    @cached_property
    def _visits(self) -> list[int]:
        """By layer."""
        works = np.diff(self._ends, axis=1, prepend=0) > 0
        return [int(count) for count in works.sum(axis=1)]


@dataclass(frozen=True, eq=False)
class SideBySide:
    """Fused waves of several `heights`, one behind the other. begins: [heights + 1] the first wave of each, and the
    end; ends: [layers, waves] as of `Fused`."""

    first: int
    heights: tuple[int, ...]
    begins: Ints
    ends: Ints
    skewed: ClassVar[bool] = False

    def count(self, timesteps: int) -> int:  # noqa: ARG002 (one line, as of `Fused`)
        """Of all heights."""
        return len(self.ends[0])

    def done(self, layer: int, timesteps: int) -> Ints:  # noqa: ARG002
        """[1, waves] rows that are done behind each wave, at every timestep."""
        return self.ends[None, layer - self.first]

    def before(self, layer: int, timesteps: int) -> Ints:
        """The same before each wave."""
        done = self.done(layer, timesteps)
        before = np.zeros_like(done)
        before[:, 1:] = done[:, :-1]
        before[:, self.begins[:-1]] = 0
        return before

    @cached_property
    def visits(self) -> Ints:
        """[heights, layers] waves in which a layer has work."""
        before = np.concatenate([self.before(layer, 1) for layer in range(self.first, self.first + len(self.ends))])
        works: Ints = np.add.reduceat(self.ends > before, self.begins[:-1], axis=1, dtype=np.int64)
        return works.T

    @cached_property
    def places(self) -> dict[int, int]:
        """Where each height is."""
        return {height: place for place, height in enumerate(self.heights)}

    def apart(self, place: int) -> Fused:
        """Those of one of the heights."""
        begin, end = self.begins[place : place + 2].tolist()
        return Fused(self.first, self.heights[place], tuple(map(tuple, self.ends[:, begin:end].tolist())))


def done_behind(waves: Ints, height: int | Ints, lag: Ints, map_rows: int) -> Ints:
    """Rows that are done behind so many `waves` by what lies so far behind; strips are of one height or several."""
    done: Ints = np.clip(waves * height - lag, 0, map_rows)
    return done


def waves_at_work(lag: Ints, height: int | Ints, map_rows: int) -> tuple[Ints, Ints]:
    """The first wave with work for what lies so far behind, and the one behind the last: they follow each other."""
    return lag // height, -(-(lag + map_rows) // height)


def new_waves(begin: Ints, end: Ints) -> Ints:
    """[..., timesteps] of the waves begin..end-1 of each timestep those without work of the one before: nor of any
    earlier one, as each is through no sooner than that."""
    passed = np.zeros_like(end)
    passed[..., 1:] = end[..., :-1]
    new: Ints = np.maximum(end - np.maximum(begin, passed), 0)
    return new


@dataclass(frozen=True)
class Skewed(Waves):
    """map_rows: of every layer. lags: by layer, how many rows it lies behind the first one at the same timestep."""

    map_rows: int
    lags: tuple[int, ...]

    @property
    def skewed(self) -> bool:
        """It is."""
        return True

    @property
    def skew(self) -> int:
        """Rows by which a timestep lies behind the one before: its first layer behind the last one of that, in the
        wave before."""
        return self.height + self.lags[-1]

    def count(self, timesteps: int) -> int:
        """Until the last timestep of the last layer has passed the map."""
        return -(-(self.map_rows + (timesteps - 1) * self.skew + self.lags[-1]) // self.height)

    def done(self, layer: int, timesteps: int) -> Ints:
        """[timesteps, waves]."""
        waves, lag = np.arange(1, self.count(timesteps) + 1), self._lag(layer, np.arange(timesteps)[:, None])
        return done_behind(waves, self.height, lag, self.map_rows)

    def _lag(self, layer: int, timestep: Ints) -> Ints:
        """Rows that a layer lies behind the first one at the first timestep of a window."""
        return timestep * self.skew + self.lags[layer - self.first]

    def visits(self, layer: int, timesteps: int) -> int:
        """Each timestep's work is in waves that follow each other, as it is behind that of the one before."""
        at_work = waves_at_work(self._lag(layer, np.arange(timesteps)), self.height, self.map_rows)
        return int(new_waves(*at_work).sum())

    def sizes(self, layer: int, timesteps: int) -> Counter[int]:
        """How often it works on so many rows at a time."""
        begun = self._lag(layer, np.arange(timesteps)) % self.height
        first = np.minimum(self.height - begun, self.map_rows)
        whole, last = np.divmod(self.map_rows - first, self.height)
        found = Counter([*first.tolist(), *last[last > 0].tolist()])
        found[self.height] += int(whole.sum())
        return found

    def line(self, layer: int, timestep: int) -> tuple[Ints, Ints | None]:
        """Without a look at the waves of other timesteps: a window has more of them the longer it is."""
        lag = self._lag(layer, np.array(timestep))
        begin, end = waves_at_work(lag, self.height, self.map_rows)
        ends = done_behind(np.arange(int(begin) + 1, int(end) + 1), self.height, lag, self.map_rows)
        return np.column_stack([np.append(0, ends[:-1]), ends]), None

    def state_rows(self, timesteps: int) -> int:
        """Rows of the state that are on chip at once."""
        return min(self.map_rows, timesteps * self.skew)


@dataclass(frozen=True, eq=False)
class Sampled:
    """Of skewed strips of several `heights`, side by side, some waves. skews: as of `Skewed`, of each; waves: their
    numbers."""

    first: int
    heights: Ints
    skews: Ints
    waves: Ints
    map_rows: int
    lags: tuple[int, ...]
    skewed: ClassVar[bool] = True

    def count(self, timesteps: int) -> int:  # noqa: ARG002 (as of `Skewed`)
        """Of all heights."""
        return self.waves.size

    def done(self, layer: int, timesteps: int) -> Ints:
        """[timesteps, waves] rows that are done behind each wave."""
        return self._done(self.waves + 1, layer, timesteps)

    def before(self, layer: int, timesteps: int) -> Ints:
        """The same before each wave."""
        return self._done(self.waves, layer, timesteps)

    def _done(self, waves: Ints, layer: int, timesteps: int) -> Ints:
        lag = np.multiply.outer(np.arange(timesteps), self.skews) + self.lags[layer - self.first]
        return done_behind(waves, self.heights, lag, self.map_rows)
