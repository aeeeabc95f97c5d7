"""Small kernels for the tests of the loader."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import carray, njit

from lifsim.kernels.jit import symbol_of
from lifsim.kernels.kernel import Kernel
from lifsim.kernels.part import compiled

TOTAL = Kernel("a sum", "tests.kernels.small", "total", (np.dtype(np.int64), None), ())
_TOTAL = symbol_of(TOTAL)


def total(values: Any, count: int, factor: int) -> int:
    found = 0
    for value in carray(values, count):
        found += value * factor
    return found


def refuses(values: Any, count: int, factor: int) -> int:
    if factor < 0:
        raise ValueError("negative")
    return factor


@njit
def _double(value: int) -> int:
    return 2 * value


@njit
def _triple(value: int) -> int:
    return value + _double(value)


def tripled(values: Any, count: int, factor: int) -> int:
    return _triple(factor)


@compiled
def _asked(values: Any, factor: int) -> Any:
    """A sum, in too many calls for LLVM to put them into `asks`."""
    where, count = values.ctypes.data, values.size
    found = _TOTAL(where, count, factor) - _TOTAL(where, count, factor) + _TOTAL(where, count, factor)
    found += _TOTAL(where, count, factor) - _TOTAL(where, count, factor) + _TOTAL(where, count, factor)
    found -= _TOTAL(where, count, factor) - _TOTAL(where, count, factor) + _TOTAL(where, count, factor)
    found += _TOTAL(where, count, factor) - _TOTAL(where, count, factor) + _TOTAL(where, count, factor)
    return found - _TOTAL(where, count, factor)


def asks(values: Any, count: int, factor: int) -> int:
    return 1 + _asked(carray(values, count), factor) * _asked(carray(values, count), 1)


@compiled
def _lowest(values: Any) -> int:
    found = values[0]
    for value in values:
        found = min(found, value)
    return found


@compiled
def _doubled(values: Any) -> int:
    return _double(_lowest(values))


@compiled
def _lowered(values: Any) -> int:
    return _lowest(values) - 1


def lowest_twice(values: Any, count: int, factor: int) -> int:
    """Two ways lead to `_lowest`; one of them also to what Numba has optimised by itself."""
    array = carray(values, count)
    return factor * _doubled(array) + _lowered(array)
