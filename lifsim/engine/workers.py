"""Threads for the compiled kernels. Each job has outputs of its own, so that no bit depends on the number of
threads."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from dataclasses import field
from functools import cached_property, partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from lifsim.cpus import available_cpus
from lifsim.errors import Fault, InputError
from lifsim.kernels.jit import Deferred
from lifsim.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from lifsim.engine.crew import Crew

_ELEMENTS = 1 << 14  # of a job that nothing is known of
_WORTH = 1 << 14  # values of a piece of machine code that another thread is asked for
_WORTH_IN_PYTHON = 1 << 15  # of a piece that takes the GIL again and again
_PIECES_PER_THREAD = 4  # so that a thread that got the dense images does not keep the others waiting


@dataclass(frozen=True)
class Work:
    """Jobs 0 to `jobs` - 1 of `kernel(start, stop, *arguments)`. elements: about how many values a job computes."""

    kernel: Callable[..., None]
    jobs: int
    arguments: tuple[object, ...] = ()
    elements: int = _ELEMENTS

    @cached_property
    def machine_code(self) -> Any:
        """The compiled kernel; None for one in Python."""
        code: Any = self.kernel.compiled if isinstance(self.kernel, Deferred) else self.kernel
        return code if hasattr(code, "py_func") else None

    def pieces(self, threads: int) -> int:
        """Into how many pieces it is worth cutting."""
        most = 1 if threads == 1 else threads * _PIECES_PER_THREAD
        worth = _WORTH_IN_PYTHON if self.machine_code is None else _WORTH
        return max(1, min(self.jobs, most, self.jobs * self.elements // worth))

    def parts(self, pieces: int) -> list[Callable[[], None]]:
        """The jobs as calls, divided into this many pieces."""
        bounds = [self.jobs * piece // pieces for piece in range(pieces + 1)]
        return [partial(self.kernel, start, stop, *self.arguments) for start, stop in pairwise(bounds)]


@dataclass(frozen=True)
class Workers:
    """`threads` threads for kernels of the form `kernel(start, stop, *arguments)`. A kernel in Python should release
    the GIL most of the time; machine code runs without it."""

    threads: int = field(default_factory=available_cpus)
    _crews: list[Crew] = field(default_factory=list, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not 1 <= self.threads <= 1024:
            raise InputError(Fault(f"{self.threads} must be 1 to 1024", path="threads"))

    def run(self, kernel: Callable[..., None], jobs: int, *arguments: object, elements: int = _ELEMENTS) -> None:
        """Compute jobs 0 to `jobs` - 1. elements: about how many values a job computes; little work stays on this
        thread. Raises what a job raises; other jobs may then not have run."""
        if self.threads == 1:
            kernel(0, jobs, *arguments)
        else:
            self.run_all(Work(kernel, jobs, arguments, elements))

    def run_all(self, *works: Work) -> None:
        """Compute the jobs of several kernels, in parallel if they are Python."""
        cut = [work.pieces(self.threads) for work in works]
        if sum(cut) <= len(works) or not (crew := self._crew()).lock.acquire(blocking=False):
            for work in works:  # also where this thread, or another one, runs something already
                work.kernel(0, work.jobs, *work.arguments)
            return
        try:
            in_python: list[Callable[[], None]] = []
            for work, pieces in zip(works, cut, strict=True):
                if work.machine_code is None:
                    in_python += work.parts(pieces)
                else:
                    crew.share(work.machine_code, work.jobs, pieces, work.arguments)
            if in_python:
                crew.divide(iter(in_python))
        finally:
            crew.lock.release()

    def _crew(self) -> Crew:
        """The helper threads of this process."""
        if not (self._crews and self._crews[-1].process == os.getpid()):
            from lifsim.engine.crew import Crew

            crew = Crew(self.threads - 1, patient=self.threads <= available_cpus())
            weakref.finalize(self, crew.dismiss)
            self._crews[:] = [crew]
        return self._crews[-1]
