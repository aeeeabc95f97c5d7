"""Progress of compilation: with a kernel, Numba compiles every function that it calls, directly or indirectly."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from lifsim.kernels.cache import Cache
from lifsim.watch import Tally, Watch

Function = Callable[..., Any]

FUNCTION_BYTES = 600
"""Numba's own work per function, however short, in bytes of Python's code that take it as long (measured)."""

BYTES_A_SECOND = 10_000
"""Bytes per second that a core of 2023 compiles, LLVM's part, which comes last, included (measured)."""


@contextmanager
def watched(function: Function, work: str, watch: Watch) -> Iterator[None]:
    """Tell `watch` how much of `function`, and of all that it calls, is compiled inside the block."""
    sizes = {called: _size(called) for called in calls_of(function)}
    tally = Tally(watch, work, work_of(function))
    with _each_compiled(lambda compiled: tally.add(sizes.pop(compiled, 0))):
        yield


@contextmanager
def counted(work: str, total: int, watch: Watch) -> Iterator[None]:
    """Tell `watch` how many of a `total` of LIFSim's own functions are compiled meanwhile, each for types of its
    own."""
    tally = Tally(watch, work, total)
    with _each_compiled(lambda compiled: tally.add(int(compiled.__module__.startswith("lifsim.")))):
        yield


@contextmanager
def _each_compiled(tell: Callable[[Function], None]) -> Iterator[None]:
    """`tell` is given each function when it is compiled."""
    from numba.core import event

    class Finished(event.Listener):
        def on_start(self, event: Any) -> None:
            """Nothing is done yet."""

        def on_end(self, event: Any) -> None:
            compiled: Any = event.data["dispatcher"]
            tell(compiled.py_func)

    with event.install_listener("numba:compile", Finished()):
        yield


def announce(title: str, seconds: float, cache: Cache | None) -> None:
    """Tell the user what is being compiled."""
    once = "once, " if cache and cache.is_writable else ""
    said = "compiling %s for this machine: %sabout %s s, more if it is busy"
    import logging

    logging.getLogger(__name__).warning(said, title, once, math.ceil(seconds))


def work_of(function: Function) -> int:
    """The total work, in the bytes of `watched`."""
    return sum(map(_size, {function, *calls_of(function)}))


def calls_of(function: Function) -> set[Function]:
    """The Python of all compiled functions that it calls, and that these call."""
    found: set[Function] = set()
    to_see = [function]
    while to_see:
        caller = to_see.pop()
        named: list[Any] = [caller.__globals__.get(name) for name in caller.__code__.co_names]
        called = {item.py_func for item in named if hasattr(item, "py_func")}
        to_see += called - found
        found |= called
    return found


def _size(function: Function) -> int:
    """The work of its compilation, without what it calls, in bytes of Python's code."""
    return FUNCTION_BYTES + len(function.__code__.co_code)
