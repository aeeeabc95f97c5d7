"""Kernels that a wheel brings along, compiled ahead for every processor of a level: a machine compiles nothing.

A library here is part of the installed package, trusted as its Python files are. It is for x86-64-v3, which Intel has
built since 2013 and AMD since 2015, and named after the sources that it was made of: in a checkout whose sources have
changed it is passed over.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lifsim.kernels.kernel import Kernel, digest_of_sources
from lifsim.kernels.processor import LEVELS, this_processor

LEVEL = "x86-64-v3"
NEEDED = LEVELS[LEVEL]

OVERLOAD = ".overload"
"""The end of the names of what Numba loads itself (`overloads`), which need not be imported to be found."""

FOLDER = Path(__file__).parent / "shipped_libraries"


def shipped(kernel: Kernel) -> Path | None:
    """The library of this package that this machine can run, if there is one."""
    path = FOLDER / name_of(kernel)
    return path if path.is_file() and this_processor().flags >= NEEDED else None


def shipped_code(name: Callable[[str], str]) -> bytes | None:
    """What this package has for the best level of this machine's processor; name: of its file, of a level."""
    level = this_processor().level
    path = FOLDER / name(level) if level else None
    return path.read_bytes() if path and path.is_file() else None


def name_of(kernel: Kernel) -> str:
    """The file's, of the level and of the sources alone: it needs no compiler."""
    return f"{kernel.module}.{kernel.function}-{LEVEL}-{digest_of_sources(kernel.sources, kernel.layouts)}.so"


def ship(kernel: Kernel, folder: Path) -> Path:
    """Compile and link it for the level, into `folder`. Raises as `object_file.compiled_for` and `library.link`."""
    from lifsim.kernels.library import link
    from lifsim.kernels.object_file import compiled_for, target_of

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name_of(kernel)
    path.write_bytes(link([compiled_for(target_of(LEVEL, ""), part) for part in kernel.whole]))
    return path
