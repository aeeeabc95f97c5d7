"""Small kernels for the tests of the loader."""

from __future__ import annotations

from typing import Any

from numba import carray


def total(values: Any, count: int, factor: int) -> int:
    found = 0
    for value in carray(values, count):
        found += value * factor
    return found


def refuses(values: Any, count: int, factor: int) -> int:
    if factor < 0:
        raise ValueError("negative")
    return factor
