"""How the functions that a kernel calls are compiled. Import it only to compile: it loads Numba."""

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
    """As `compiled`, of a function that numbers all that it has from zero on: indices are not looked at for their sign,
    which is half of the instructions of an access."""
    return cast(F, _njit(function, pipeline_class=FromZero, **_PART))


def inlined_from_zero(function: F) -> F:
    """As `compiled_from_zero`, put in wherever it is called: for what is done all the time, and is more work to call
    than room to have twice."""
    return cast(F, _njit(function, pipeline_class=FromZero, forceinline=True, **_PART))
