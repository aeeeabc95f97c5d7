"""A kernel in this process: the object file that an earlier one has kept, or else what Numba makes of it.

Importing Numba and looking up what it has cached takes a process a second, longer than most simulations. So the object
file of a kernel is kept. A linker makes a shared library of it, which the system loads in a millisecond; without one
llvmlite, the LLVM that Numba stands on, loads the object file in a tenth of a second. Both are proven on Linux on
x86-64. On other platforms, and wherever LLVM refuses, Numba compiles and caches in its own way: the same work to the
same figures, a second later.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING

from lifsim.errors import InputError, did_you_mean
from lifsim.watch import Watch, unwatched

if TYPE_CHECKING:
    from lifsim.kernels.kernel import Kernel

CHOICE = "LIFSIM_KERNELS"
CHOICES = ("library", "object", "numba")


def compiler() -> str:
    """One of CHOICES: what the environment variable LIFSIM_KERNELS says, or what this platform is known to load.
    Raises InputError for any other word."""
    chosen = os.environ.get(CHOICE)
    if not chosen:
        known = sys.platform == "linux" and platform.machine() == "x86_64"
        return "library" if known else "numba"
    if chosen not in CHOICES:
        raise InputError(f"{CHOICE} must be one of {', '.join(CHOICES)}, is {chosen!r}{did_you_mean(chosen, CHOICES)}")
    return chosen


def loaded(kernel: Kernel, watch: Watch = unwatched) -> Callable[..., int]:
    """The machine code, in this process; `watch` sees it compiled. Raises InputError as `compiler` does."""
    return _loaded(kernel, compiler()).code(watch)


@cache
def _loaded(kernel: Kernel, by: str) -> _Loaded:
    return _Loaded(kernel, by)


class _Loaded:
    """A kernel in this process from the first time on that its code is asked for."""

    def __init__(self, kernel: Kernel, by: str) -> None:
        self._kernel, self._by = kernel, by
        self._code: Callable[..., int] | None = None

    def code(self, watch: Watch) -> Callable[..., int]:
        if self._code is None:
            self._code = self._by_llvm(watch) or self._by_numba(watch)
        return self._code

    def _by_llvm(self, watch: Watch) -> Callable[..., int] | None:
        """None where Numba is to do it, or has to."""
        if self._by == "numba":
            return None
        from lifsim.kernels.library import NoLibraryError, load_library

        try:
            if self._by == "library":
                with suppress(NoLibraryError):
                    return load_library(self._kernel, watch)
            from lifsim.kernels.object_file import load_object

            return load_object(self._kernel, watch)
        except Exception as error:  # whatever this LLVM or this platform lacks, Numba's own way does without
            reason = f"{type(error).__name__}: {error}"
            import logging

            logging.getLogger(__name__).warning("Numba compiles %s: no object file (%s)", self._kernel.title, reason)
            return None

    def _by_numba(self, watch: Watch) -> Callable[..., int]:
        from lifsim.kernels.jit import load_jit

        return load_jit(self._kernel, watch)
