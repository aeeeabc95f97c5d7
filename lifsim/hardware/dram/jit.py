"""How the DRAM kernel is compiled. Import it only to simulate: it loads Numba."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """`function` compiled by Numba, without reference counts: the kernel allocates nothing.

    The machine code is kept beside the source, or in the user's cache folder where that is not writable; where neither
    is, it is compiled anew in every process.
    """
    try:
        return cast(F, numba.njit(cache=True, _nrt=False)(function))
    except RuntimeError:  # no folder to keep it in
        return cast(F, numba.njit(_nrt=False)(function))
