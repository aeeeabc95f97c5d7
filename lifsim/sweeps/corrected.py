"""What points of a sweep take was expected; those that are run show by how much that is wrong."""

from __future__ import annotations

import numpy as np

from lifsim.sweeps.anew import Floats, Places

PRIOR = 1.0
"""Points of each group that count as if they had been drawn and had taken what was expected."""


class Corrected:
    """expected: [point] seconds. group: [point] points of a kind that find the same anew are one; row: [point] points
    that differ on the first axis of numbers alone are one."""

    def __init__(self, expected: Floats, group: Places, row: Places) -> None:
        self._expected, self._group, self._row = expected, group, row
        self._left_of_group = np.bincount(group)
        self._more, self._drawn = np.zeros((2, len(self._left_of_group)))
        self._left, self._ahead = np.bincount(row), np.bincount(row, expected)
        self._missed, self._missed_before = np.zeros((2, len(self._left)))

    def leave_out(self, place: int) -> None:
        """The point at this place was run, but tells nothing of the others."""
        self._left_of_group[self._group[place]] -= 1
        self._left[self._row[place]] -= 1
        self._ahead[self._row[place]] -= self._expected[place]

    def add(self, place: int, seconds: float, *, drawn: bool) -> None:
        """The point at this place was run, which took so long; drawn: from all over, so that it tells of its group."""
        self.leave_out(place)
        group, row, missed = self._group[place], self._row[place], seconds - self._expected[place]
        if drawn:
            self._more[group] += missed
            self._drawn[group] += 1
        else:
            self._missed_before[row], self._missed[row] = self._missed[row], missed

    @property
    def seconds(self) -> float:
        """What those take that were not run: a row of which two points missed alike goes on so, others as their group
        does. What is missed once, another process may have made anew, or the machine been busy with something else."""
        agreed = np.where(np.abs(self._missed) < np.abs(self._missed_before), self._missed, self._missed_before)
        agreed[self._missed * self._missed_before < 0] = 0.0
        seen = self._missed_before != 0
        as_rows = np.maximum(self._ahead + self._left * agreed, 0.0)[seen].sum()
        others = self._ahead[~seen].sum() + self._left[~seen].sum() / max(1, self._left.sum()) * (
            self._left_of_group @ (self._more / (self._drawn + PRIOR))
        )
        return float(as_rows + max(0.0, others))
