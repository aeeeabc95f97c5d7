"""When the bytes of a run cross the DRAM's bus, as far as its timing knows: never more at a time than the bus can."""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lifsim.lazy_dataclass import dataclass
from lifsim.play.timing import Timeline
from lifsim.schedule.tensors.rows import Ints

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Movement:
    """begin, end: [requests] cycles between which the bytes of each are asked of the bus, `size`. pace: bytes that it
    moves in a cycle of the array at most, None: without end. total: cycles of the run.

    The bytes of a read are asked for evenly between its first and its last one, those of a write as its ports give
    them, neither faster than `pace`. Of all together what is more than that crosses later, as soon as the bus can: a
    write is answered when a queue of the DRAM has taken it, and nobody knows when exactly that drains.
    """

    begin: Floats
    end: Floats
    size: Floats
    pace: float | None
    total: int

    @classmethod
    def of(cls, timeline: Timeline, peak: Fraction | None) -> Movement:
        """The movement of `timeline`, on a memory that moves at most `peak` bytes per cycle."""
        timing, size = timeline.timing, timeline.steps.program.requests.bytes.astype(np.float64)
        least = np.maximum(size / float(peak), 1e-9) if peak is not None else np.ones(size.size)
        begin = np.maximum(timing.issued, np.minimum(timing.begun, timing.answered - least))
        end = np.maximum(timing.answered, begin + least)
        return cls(begin, end, size, None if peak is None else float(peak), timing.total)

    @cached_property
    def done(self) -> float:
        """The cycle in which the run has ended and all bytes have crossed: writes may still wait in queues by then."""
        at, _ = self._asked
        last = float(at[-1])
        if self.pace is not None:
            behind, _ = self._behind(at)
            last = max(last, (float(self.size.sum()) - float(behind[-1])) / self.pace)
        return max(float(self.total), last)

    def between(self, edges: Floats) -> Floats:
        """[edges - 1] bytes that cross the bus from each of these cycles, which ascend, to the next: crossed(t) is the
        least of asked(s) + pace * (t - s) over all s <= t."""
        if self.pace is None:
            return np.diff(np.interp(edges, *self._asked))
        at = np.union1d(self._asked[0], edges)
        behind, asked = self._behind(at)
        crossed: Floats = np.minimum(behind + self.pace * at, asked)
        return np.diff(crossed[np.searchsorted(at, edges)])

    def in_line(self, mine: Ints, issued: Ints, answered: Ints) -> tuple[Floats, Floats]:
        """[mine] cycles from which on and until when each of the requests `mine` passes one place, one after the other:
        until_i = max(answered_i, max(issued_i, until_(i-1)) + what the bus takes for it), and no later than `done`."""
        least = self.size[mine] / self.pace if self.pace is not None else np.ones(mine.size)
        summed = np.cumsum(least)
        until = np.maximum.accumulate(np.maximum(answered - summed, issued - (summed - least))) + summed
        until = np.minimum(until, self.done)
        return np.maximum(issued, np.concatenate([[0.0], until[:-1]])), until

    def _behind(self, at: Floats) -> tuple[Floats, Floats]:
        """[at] the least of asked(s) - pace * s up to each of `at`, and what is asked for by then."""
        asked = np.interp(at, *self._asked)
        return np.minimum.accumulate(asked - (self.pace or 0.0) * at), asked

    @cached_property
    def _asked(self) -> tuple[Floats, Floats]:
        """[points] cycles, and bytes that are asked for by then, straight lines between them."""
        change = self.size / (self.end - self.begin)
        times, rates = np.concatenate([self.begin, self.end]), np.concatenate([change, -change])
        order = np.argsort(times, kind="stable")
        at = np.concatenate([[0.0], times[order]])
        pace = np.concatenate([[0.0], np.cumsum(rates[order])])
        asked = np.concatenate([[0.0], np.cumsum(pace[:-1] * np.diff(at))])
        return at, np.minimum(asked, self.size.sum())
