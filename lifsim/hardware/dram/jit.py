"""How the DRAM kernel is compiled. Import it only to simulate: it loads Numba."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])

# Numba infers the types of the kernel; these names tell the reader.
Int64 = Any
Bool = Any
Machine = Any  # a record of state.MACHINE
Records = Any  # an array of state.BLOCK, of state.LOG, of MACHINE


def compiled(function: F) -> F:
    """`function` compiled by Numba.

    The machine code is kept beside the source, or in the user's cache folder where that is not writable; where neither
    is, it is compiled anew in every process.
    """
    try:
        return cast(F, numba.njit(cache=True)(function))
    except RuntimeError:  # no folder to keep it in
        return cast(F, numba.njit(function))
