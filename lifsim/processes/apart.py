"""Files that nobody trusts, read by a library of machine code in a process of its own, which they may end."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TypeVar

from lifsim.errors import Fault, InputError
from lifsim.processes.pool import Lost, Pool

Read = TypeVar("Read")


def read_apart(read: Callable[[Path], Read], path: Path, library: str) -> Read:
    """What `read`, known by name in a module, makes of the file at `path`. library: whose code it runs, in words.
    Raises InputError if that dies over the file, and what `read` raises."""
    with closing(Pool(partial(_the_same, read), 1)) as pool:
        ((_, answer),) = pool.answers([path])
    if isinstance(answer, Lost):
        raise InputError(Fault(f"is damaged: {library} ends with exit code {answer.status} over it", source=str(path)))
    return answer


def _the_same(read: Callable[[Path], Read]) -> Callable[[Path], Read]:
    """A worker answers its tasks by what it is set up with."""
    return read
