"""Functions that Numba compiles for the types they are called with, for the tests of what is kept of them."""

from __future__ import annotations

from typing import Any

from lifsim.kernels.jit import compiler_of

compiled = compiler_of("kernels/*.py")


@compiled
def _half(value: Any) -> Any:
    return value / 2


@compiled
def halved(values: Any) -> None:
    for index in range(values.size):
        values[index] = _half(values[index])


@compiled
def doubled(values: Any) -> None:
    for index in range(values.size):
        values[index] = values[index] * 2
