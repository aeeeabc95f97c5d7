"""How the functions that a kernel calls are compiled. Import it only to compile: it loads Numba."""

from __future__ import annotations

from typing import Any, TypeVar, cast

import numba

F = TypeVar("F")


def compiled(function: F) -> F:
    """`function` as part of a kernel: only compiled code calls it; it knows no exceptions, allocates nothing."""
    njit: Any = numba.njit  # its stubs lack what makes it part of a kernel
    return cast(F, njit(function, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True, _nrt=False))
