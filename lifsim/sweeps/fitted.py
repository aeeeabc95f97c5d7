"""How long does the rest of a sweep take whose coarse grid is not known, as of a sample?

What points take is fitted to those that were run: to each set of axes belongs what a point takes for which this set is
new (`lifsim.sweeps.anew`), times what is usual of its kind.
"""

from __future__ import annotations

import numpy as np

from lifsim.sweeps.anew import Anew, Floats

ROUNDS = 100
"""Of the fit: each brings it nearer to the least squares."""

PRIOR = 1.0
"""Points that a kind, or points that find the same anew, must have for their own pace to count as much as the fit."""

LITTLE = 0.1
"""Of what points take on average: so much is taken for due to each set at first, and the whole for new at every one."""


class Fitted:
    """Of the points of `anew`, which are run in any order."""

    def __init__(self, anew: Anew) -> None:
        self._kind, found, self._group = anew.groups
        bits = np.arange(len(anew.sets), dtype=np.uint64)
        new = (found[:, None] >> bits & np.uint64(1)).astype(np.float64)
        self._new = np.column_stack([new, np.ones(len(new))])  # and what is new at every point
        self._left = np.bincount(self._group)
        self._run, self._took = np.zeros((2, len(self._left)))

    def add(self, place: int, seconds: float) -> None:
        """The point at this place was run, which took so long."""
        group = self._group[place]
        self._left[group] -= 1
        self._run[group] += 1
        self._took[group] += seconds

    @property
    def seconds(self) -> float:
        """What the others take."""
        if not self._took.any():
            return 0.0
        fit = self._fit()
        return float(self._left @ ((self._took + PRIOR * fit) / (self._run + PRIOR)))

    def _fit(self) -> Floats:
        """[group] what a point takes: the product of what is usual of the kind and a sum over sets, neither below zero.

        Both come nearer to the least squares in turn (multiplicative updates: Lee & Seung, Nature 401, 1999).
        """
        mean = self._took.sum() / self._run.sum()
        usual, of_sets = np.ones(self._kind.max() + 1), np.full(self._new.shape[1], LITTLE * mean)
        of_sets[-1] = mean
        for _ in range(ROUNDS):
            scaled = self._new * usual[self._kind, None]
            of_sets *= (scaled.T @ self._took) / np.maximum(scaled.T @ (self._run * (scaled @ of_sets)), 1e-30)
            sums = self._new @ of_sets
            took, expected = (np.bincount(self._kind, each) for each in (self._took, self._run * sums))
            usual = (took + PRIOR * mean) / (expected + PRIOR * mean)
        found: Floats = (self._new @ of_sets) * usual[self._kind]
        return found
