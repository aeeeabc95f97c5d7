"""What points of a sweep take was expected; those that are run show by how much that is wrong."""

from __future__ import annotations

import numpy as np

from lifsim.sweeps.anew import Floats, Places

PRIOR = 2.0
"""Times what a point of the coarse grid takes on average: so much counts as if it had taken the points of a kind as
much longer as those of all kinds."""


class Corrected:
    """expected: [point] seconds. kind: [point] which of the kinds of points it is of, and of_grid: [kind] what points
    of the coarse grid took on average. row: [point] points that differ on the first axis of numbers alone are a row."""

    def __init__(self, expected: Floats, kind: Places, of_grid: Floats, row: Places) -> None:
        self._expected, self._kind, self._row = expected, kind, row
        self._prior = PRIOR * of_grid
        self._took, self._hoped = np.zeros((2, len(of_grid)))
        rows = int(row.max(initial=0)) + 1
        self._kind_of_row = np.zeros(rows, np.int64)
        self._kind_of_row[row] = kind
        self._left, self._ahead = np.bincount(row), np.bincount(row, expected)
        self._missed, self._missed_before = np.zeros((2, rows))

    def leave_out(self, place: int) -> None:
        """The point at this place was run, but tells nothing of the others."""
        self._left[self._row[place]] -= 1
        self._ahead[self._row[place]] -= self._expected[place]

    def add(self, place: int, seconds: float, *, drawn: bool) -> None:
        """The point at this place was run, which took so long; drawn: from all over, so that it tells of its kind."""
        self.leave_out(place)
        kind, row, expected = self._kind[place], self._row[place], self._expected[place]
        if drawn:
            self._took[kind] += seconds
            self._hoped[kind] += expected
        else:
            self._missed_before[row], self._missed[row] = self._missed[row], seconds - expected

    @property
    def seconds(self) -> float:
        """What those take that were not run: a row of which two points missed alike goes on so, others as their kind
        does. What is missed once, another process may have made anew, or the machine been busy with something else."""
        prior = self._prior
        of_all = (self._took.sum() + prior.sum()) / (self._hoped.sum() + prior.sum())
        of_kind = (self._took + prior * of_all) / (self._hoped + prior)
        agreed = np.where(np.abs(self._missed) < np.abs(self._missed_before), self._missed, self._missed_before)
        agreed[self._missed * self._missed_before < 0] = 0.0
        as_rows, as_kinds = self._ahead + self._left * agreed, self._ahead * of_kind[self._kind_of_row]
        return float(np.maximum(np.where(self._missed_before != 0, as_rows, as_kinds), 0.0).sum())
