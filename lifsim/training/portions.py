"""Bytes of a tensor dealt to visits that come one after the other."""

from __future__ import annotations

import numpy as np

from lifsim.schedule.tensors.moves import Visit, shares_between
from lifsim.schedule.tensors.rows import Ints


class Portions:
    """`size` bytes, from `start` on, dealt to the steps of visits by their outputs, `outputs` of all of them: as if all
    visits were there at once."""

    def __init__(self, size: int, outputs: int, start: int = 0) -> None:
        self._size, self._outputs, self._start = size, outputs, start
        self._before = 0

    def next(self, visit: Visit) -> tuple[Ints, Ints]:
        """(offset, bytes) [steps] of `visit`, behind those of the visits before."""
        part = shares_between(self._size, visit.outputs, self._before, self._outputs)
        begin = self._start + self._size * self._before // max(self._outputs, 1)
        self._before += int(visit.outputs.sum())
        return begin + np.cumsum(part) - part, part
