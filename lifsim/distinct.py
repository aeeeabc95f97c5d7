"""The distinct values of an array."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Number = TypeVar("Number", bound=np.number)


def distinct(values: NDArray[Number]) -> NDArray[Number]:
    """The values, of any shape, each once and in order, as `np.unique` has them. That imports numpy.ma to learn whether
    they are masked, which takes a process a hundredth of a second, and is the slower way where they are many."""
    ordered = np.sort(values, axis=None)
    is_first = np.ones(ordered.shape, np.bool_)
    is_first[1:] = ordered[1:] != ordered[:-1]
    return ordered[is_first]
