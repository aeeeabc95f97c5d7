"""Whether this machine has the memory, disk and time for a task, checked first: a system that overcommits kills the
process that takes too much."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from math import inf
from pathlib import Path

from lifsim.errors import Fault, InputError
from lifsim.units import counted, format_bytes

LAST_RESORT_BYTES = 64 << 30
"""Memory in bytes if the system does not say how much it has."""
MAX_WALKED = 1 << 32
"""Most steps that are looked at one by one: they take minutes."""


def memory_bytes() -> int:
    """Bytes of memory of this machine."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return LAST_RESORT_BYTES


def require_memory(size_bytes: int, what: str, path: str, *, source: str = "", way_out: str = "") -> None:
    """Raises InputError at `path` of the file `source` if `what` needs more memory than this machine has."""
    if size_bytes > memory_bytes():
        needed, there = format_bytes(size_bytes), format_bytes(memory_bytes())
        told = f"{what}, {needed}, must fit into the {there} of this machine{way_out and f': {way_out}'}"
        raise InputError(Fault(told, path=path, source=source))


def require_walk(steps: int, what: str, path: str) -> None:
    """Raises InputError at `path` if `steps` of `what` are too many to be looked at one by one."""
    if steps > MAX_WALKED:
        raise InputError(Fault(f"{steps} {what} must be <= {MAX_WALKED}, since each is looked at", path=path))


def free_bytes(path: Path) -> float:
    """Bytes that are free on the disk on which `path` is, or will be; endless, if the system does not say."""
    for folder in (path, *path.absolute().parents):
        with suppress(OSError):
            return shutil.disk_usage(folder).free
    return inf


def require_disk(image_bytes: int, images: int, path: Path) -> None:
    """Raises InputError if so many bytes for each of so many images are more than the disk of the file `path` has
    free."""
    free, needed = free_bytes(path), image_bytes * images
    if needed > free:
        most = int(free) // image_bytes
        way_out = f"at most {most:,} (--batch), or another disk" if most else "not even one does: take another disk"
        rule = f"{counted(images, 'image')}, {format_bytes(needed)} of disk while they are written, must fit into"
        told = f"{rule} the {format_bytes(int(free))} that are free there: {way_out} (--out)"
        raise InputError(Fault(told, path="batch", source=str(path)))
