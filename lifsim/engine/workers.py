"""Threads for the compiled kernels: each computes jobs whose outputs are its own, so that no bit depends on them."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import field
from itertools import pairwise

from lifsim.errors import Fault, InputError
from lifsim.lazy_dataclass import dataclass

_WORTH = 1 << 14  # values of a piece that another thread is woken for
_PIECES_PER_THREAD = 4  # so that a thread that got the dense images does not keep the others waiting


def available_threads() -> int:
    """CPUs that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True)
class Workers:
    """`threads` threads for kernels of the form `kernel(start, stop, *arguments)` that release the GIL."""

    threads: int = field(default_factory=available_threads)
    _pool: ThreadPoolExecutor = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not 1 <= self.threads <= 1024:
            raise InputError(Fault(f"{self.threads} must be 1 to 1024", path="threads"))
        object.__setattr__(self, "_pool", ThreadPoolExecutor(self.threads, thread_name_prefix="lifsim-engine"))

    def run(self, kernel: Callable[..., None], jobs: int, *arguments: object, elements: int = _WORTH) -> None:
        """Compute jobs 0 to `jobs` - 1. elements: about how many values a job computes; few are no work for two."""
        most = 1 if self.threads == 1 else self.threads * _PIECES_PER_THREAD
        pieces = min(jobs, most, jobs * elements // _WORTH)
        if pieces <= 1:
            kernel(0, jobs, *arguments)
            return
        bounds = [jobs * piece // pieces for piece in range(pieces + 1)]
        waiting = iter(list(pairwise(bounds)))  # whoever is free takes the next piece, this thread too

        def work() -> None:
            for start, stop in waiting:
                kernel(start, stop, *arguments)

        helpers = [self._pool.submit(work) for _ in range(min(self.threads, pieces) - 1)]
        work()
        for helper in helpers:
            if not helper.cancel():
                helper.result()
