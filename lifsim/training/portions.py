"""Bytes of a tensor distributed over successive visits."""

from __future__ import annotations

import numpy as np

from lifsim.schedule.tensors.moves import Visit, shares_between
from lifsim.schedule.tensors.rows import Ints


class Portions:
    """`size` bytes, from `start` on, divided among the steps of successive visits in proportion to their outputs,
    exactly as if all visits came at once. outputs: of all visits."""

    def __init__(self, size: int, outputs: int, start: int = 0) -> None:
        self._size, self._outputs, self._start = size, outputs, start
        self._before = 0

    def next(self, visit: Visit) -> tuple[Ints, Ints]:
        """(offset, bytes) [steps] of `visit`, after those of the visits before."""
        part = shares_between(self._size, visit.outputs, self._before, self._outputs)
        begin = self._start + self._size * self._before // max(self._outputs, 1)
        self._before += int(visit.outputs.sum())
        return begin + np.cumsum(part) - part, part
