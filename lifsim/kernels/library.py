"""A kernel as a shared library, which the system's own loader maps in a millisecond.

LLVM, which loads object files, takes a process a tenth of a second and 60 MB. Where the machine has a linker, it makes
a library of the object file, once; a wheel may bring one along (`shipped`). That is proven on Linux on x86-64.
"""

from __future__ import annotations

import ctypes
import os
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from lifsim.kernels.cache import user_cache
from lifsim.kernels.kernel import Kernel
from lifsim.kernels.processor import this_processor
from lifsim.kernels.shipped import shipped
from lifsim.watch import Watch, unwatched

LINKERS = ("ld", "ld.lld", "ld.gold")
LINKING_S = 5
"""A linker that takes longer, for what takes it some hundredths of a second, hangs."""


class NoLibraryError(Exception):
    """A machine without a linker, or whose loader takes no library of ours."""


def load_library(kernel: Kernel, watch: Watch = unwatched) -> Callable[..., int]:
    """The machine code: of the wheel, from the cache, or linked now. Raises NoLibraryError, and as `object_code`."""
    if path := shipped(kernel):
        return _loaded(kernel, str(path))
    cache = user_cache()
    name = f"{kernel.module}.{kernel.function}-{this_processor().digest}-{kernel.digest}.so"
    if cache and (code := cache.read(name)) is not None:
        with suppress(NoLibraryError):  # whoever linked what does not load, the linker of now may do better
            return _in_memory(kernel, code)
    code = _linked(kernel, watch)
    call = _in_memory(kernel, code)
    if cache:  # only what does load
        cache.keep(name, code)
    return call


def link(codes: Sequence[bytes]) -> bytes:
    """A shared library of object files. Raises NoLibraryError if there is no linker, or it fails."""
    import subprocess
    import tempfile

    linker = _linker()
    try:
        with tempfile.TemporaryDirectory(prefix="lifsim-") as folder:
            linked, made = Path(folder, "kernel.so"), [Path(folder, f"{place}.o") for place in range(len(codes))]
            for path, code in zip(made, codes, strict=True):
                path.write_bytes(code)
            command = [linker, "-shared", "-s", "-Bsymbolic", "-z", "noexecstack", "-o", *map(str, (linked, *made))]
            subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=LINKING_S)  # noqa: S603
            return linked.read_bytes()
    except (OSError, subprocess.SubprocessError) as error:
        raise NoLibraryError(f"{linker} failed: {error}") from error


def _linker() -> str:
    linker = next(filter(None, map(shutil.which, LINKERS)), None)
    if linker is None:
        raise NoLibraryError(f"none of {', '.join(LINKERS)} is installed")
    return linker


def _linked(kernel: Kernel, watch: Watch) -> bytes:
    _linker()  # before a compilation that would be for nothing
    from lifsim.kernels.object_file import object_code

    return link([object_code(part, watch) for part in kernel.whole])


def _in_memory(kernel: Kernel, code: bytes) -> Callable[..., int]:
    """Loaded from a file in memory: what was read and checked is what runs, whatever becomes of the file on disk. It
    stays open, for the loader takes two files of one path, which would come after each other, for the same."""
    try:
        file = os.memfd_create(kernel.function, os.MFD_CLOEXEC)
        with os.fdopen(file, "wb", closefd=False) as written:
            written.write(code)
    except OSError as error:
        raise NoLibraryError(str(error)) from error
    return _loaded(kernel, f"/proc/self/fd/{file}")


def _loaded(kernel: Kernel, path: str) -> Callable[..., int]:
    try:
        symbol = getattr(ctypes.CDLL(path), kernel.function)
    except (OSError, AttributeError) as error:  # a system that lets nobody run what lies in memory
        raise NoLibraryError(str(error)) from error
    return kernel.at(ctypes.cast(symbol, ctypes.c_void_p).value or 0)
