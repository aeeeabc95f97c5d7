"""Decorators for functions that kernels call. Import it only to compile: it loads Numba."""

from __future__ import annotations

from typing import Any, TypeVar, cast

import numba

from lifsim.kernels.from_zero import FromZero
from lifsim.kernels.unoptimised import Compiler

F = TypeVar("F")

_PART = {"error_model": "numpy", "no_cpython_wrapper": True, "no_cfunc_wrapper": True, "_nrt": False}
"""Only compiled code calls it; it knows no exceptions, allocates nothing."""

_njit: Any = numba.njit  # its stubs lack what makes a function part of a kernel


def compiled(function: F) -> F:
    """`function` as part of a kernel: only compiled code calls it; it knows no exceptions, allocates nothing."""
    return cast(F, _njit(function, pipeline_class=Compiler, **_PART))


def compiled_from_zero(function: F) -> F:
    """As `compiled`, for a function whose indices are never negative: their sign is not checked, which is half of the
    instructions of an access."""
    return cast(F, _njit(function, pipeline_class=FromZero, **_PART))


def inlined_from_zero(function: F) -> F:
    """As `compiled_from_zero`, inlined into every caller: for small functions that are called very often."""
    return cast(F, _njit(function, pipeline_class=FromZero, forceinline=True, **_PART))
