"""A kernel in this process: the object file that an earlier one has kept, or else what Numba makes of it.

Importing Numba and looking up what it has cached takes a process a second, longer than most simulations. So the object
file of a kernel is kept, and llvmlite, the LLVM that Numba stands on, loads it in some hundredths of a second. That is
proven on Linux on x86-64. On other platforms, and wherever LLVM refuses, Numba compiles and caches in its own way: the
same work to the same figures, a second later.
"""

from __future__ import annotations

import logging
import os
import platform
import sys
from collections.abc import Callable
from functools import cache

from lifsim.errors import InputError, did_you_mean
from lifsim.kernels.kernel import Kernel

CHOICE = "LIFSIM_KERNELS"
CHOICES = ("object", "numba")


def compiler() -> str:
    """`object` or `numba`: what the environment variable LIFSIM_KERNELS says, or what this platform is known to load.
    Raises InputError for any other word."""
    chosen = os.environ.get(CHOICE)
    if not chosen:
        known = sys.platform == "linux" and platform.machine() == "x86_64"
        return "object" if known else "numba"
    if chosen not in CHOICES:
        raise InputError(f"{CHOICE} must be one of {', '.join(CHOICES)}, is {chosen!r}{did_you_mean(chosen, CHOICES)}")
    return chosen


def loaded(kernel: Kernel) -> Callable[..., int]:
    """The machine code, in this process. Raises InputError as `compiler` does."""
    return _loaded(kernel, compiler())


@cache
def _loaded(kernel: Kernel, by: str) -> Callable[..., int]:
    if by == "object":
        from lifsim.kernels.object_file import load_object

        try:
            return load_object(kernel)
        except Exception as error:  # whatever this LLVM or this platform lacks, Numba's own way does without
            reason = f"{type(error).__name__}: {error}"
            logging.getLogger(__name__).warning("Numba compiles %s: no object file (%s)", kernel.title, reason)
    from lifsim.kernels.jit import load_jit

    return load_jit(kernel)
