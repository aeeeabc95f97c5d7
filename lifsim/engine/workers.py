"""Threads for the compiled kernels: each computes jobs whose outputs are its own, so that no bit depends on them."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from dataclasses import field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from lifsim.errors import Fault, InputError
from lifsim.kernels.jit import Deferred
from lifsim.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from lifsim.engine.crew import Crew

_ELEMENTS = 1 << 14  # of a job that nothing is known of
_WORTH = 1 << 14  # values of a piece of machine code that another thread is asked for
_WORTH_IN_PYTHON = 1 << 15  # of a piece that takes the GIL again and again
_PIECES_PER_THREAD = 4  # so that a thread that got the dense images does not keep the others waiting


def available_threads() -> int:
    """CPUs that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True)
class Workers:
    """`threads` threads for kernels of the form `kernel(start, stop, *arguments)`. Those of Python should release the
    GIL most of the time; machine code is shared without it."""

    threads: int = field(default_factory=available_threads)
    _crews: list[Crew] = field(default_factory=list, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not 1 <= self.threads <= 1024:
            raise InputError(Fault(f"{self.threads} must be 1 to 1024", path="threads"))

    def run(self, kernel: Callable[..., None], jobs: int, *arguments: object, elements: int = _ELEMENTS) -> None:
        """Compute jobs 0 to `jobs` - 1. elements: about how many values a job computes; few are no work for two. Raises
        what a job raises; the others may be undone then."""
        code: Any = kernel.compiled if isinstance(kernel, Deferred) else kernel
        is_machine_code = hasattr(code, "py_func")
        most = 1 if self.threads == 1 else self.threads * _PIECES_PER_THREAD
        pieces = min(jobs, most, jobs * elements // (_WORTH if is_machine_code else _WORTH_IN_PYTHON))
        if pieces <= 1 or not (crew := self._crew()).lock.acquire(blocking=False):
            kernel(0, jobs, *arguments)  # also where this thread, or another one, runs something already
            return
        try:
            if is_machine_code:
                crew.share(code, jobs, pieces, arguments)
            else:
                bounds = [jobs * piece // pieces for piece in range(pieces + 1)]
                crew.divide(kernel, iter(list(pairwise(bounds))), arguments)
        finally:
            crew.lock.release()

    def _crew(self) -> Crew:
        """Those who help, in this process."""
        if not (self._crews and self._crews[-1].process == os.getpid()):
            from lifsim.engine.crew import Crew

            crew = Crew(self.threads - 1, patient=self.threads <= available_threads())
            weakref.finalize(self, crew.dismiss)
            self._crews[:] = [crew]
        return self._crews[-1]
