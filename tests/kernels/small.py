"""Small kernels for the tests of the loader."""

from __future__ import annotations

from typing import Any

from numba import carray, njit


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
