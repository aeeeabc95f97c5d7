"""What Numba compiles, and keeps in its own way, in the user's cache folder and nowhere else."""

from __future__ import annotations

import ctypes
import importlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lifsim.kernels.cache import Cache, user_cache
from lifsim.kernels.compilation import BYTES_A_SECOND, announce, watched, work_of
from lifsim.kernels.kernel import Kernel
from lifsim.lazy_dataclass import dataclass
from lifsim.watch import Watch, unwatched

if TYPE_CHECKING:
    from lifsim.kernels.overloads import Family


def compiler_of(*sources: str) -> Callable[[Callable[..., Any]], Any]:
    """A decorator: functions of these files (patterns below lifsim/) as machine code, which runs without the lock of
    the interpreter and is kept for later processes as long as none of the files changes."""
    family: Family | None = None

    def compiled(function: Callable[..., Any]) -> Any:
        import numba

        from lifsim.kernels.overloads import Family

        nonlocal family
        family = family or Family(sources)
        dispatcher = numba.njit(nogil=True)(function)
        family.add(dispatcher)
        return dispatcher

    return compiled


@dataclass(eq=False)
class Deferred:
    """A function that becomes machine code when it is first called, from Python or by another compiled one, so that the
    module where it stands can be read without Numba. compiler: of `compiler_of`."""

    function: Callable[..., Any]
    compiler: Callable[[Callable[..., Any]], Any]

    @cached_property
    def compiled(self) -> Any:
        """The compiled function."""
        return self.compiler(self.function)

    @property
    def _numba_type_(self) -> Any:
        """Numba asks for it where another function that it compiles calls this one."""
        return self.compiled._numba_type_

    def __call__(self, *arguments: Any) -> Any:
        return self.compiled(*arguments)


def deferred(*sources: str) -> Callable[[Callable[..., Any]], Deferred]:
    """A decorator: functions that `compiler_of(*sources)` compiles when they are first called."""
    compiler = compiler_of(*sources)
    return lambda function: Deferred(function, compiler)


def symbol_of(kernel: Kernel) -> Any:
    """The kernel as another one calls it: by its name, with the arguments of C, whoever compiles it."""
    import numba

    given = [numba.types.intp for element in kernel.parameters for _ in range(1 if element is None else 2)]
    return numba.types.ExternalFunction(kernel.function, numba.types.int64(*given))


def load_jit(kernel: Kernel, watch: Watch = unwatched) -> Callable[..., int]:
    """The machine code of a kernel from Numba's cache, or compiled now."""
    import llvmlite.binding as llvm

    called = [load_jit(one, watch) for one in kernel.calls]
    for one, code in zip(kernel.calls, called, strict=True):
        llvm.add_symbol(one.function, ctypes.cast(code, ctypes.c_void_p).value)  # type: ignore[arg-type]
    cache, room = user_cache(), f"numba-{kernel.digest}"
    with ExitStack() as stack:
        if cache and not _is_kept(kernel, cache.folder / room):
            stack.enter_context(cache.lock(watch))
        is_kept = stack.enter_context(_kept_in(cache, room))
        if not (cache and is_kept and _is_kept(kernel, cache.folder / room)):
            announce_kernel(kernel, cache)
        compiled = cfunc_of(kernel, watch, cache=is_kept)
    call = kernel.at(compiled.address)
    call.engine = compiled, called  # type: ignore[attr-defined]  # the code lives as long as it does
    return call


def _is_kept(kernel: Kernel, room: Path) -> bool:
    """Whether Numba's cache holds its machine code."""
    return any(room.rglob(f"*.{kernel.function}-*.nbi"))


def cfunc_of(kernel: Kernel, watch: Watch = unwatched, cache: bool = False, compiler: Any = None) -> Any:
    """Numba's compilation of it, with the arguments of C; by another compiler than Numba's own, if one is given."""
    import numba

    given: list[Any] = []
    for element in kernel.parameters:
        if element is not None:
            given.append(numba.types.CPointer(numba.from_dtype(element)))  # type: ignore[no-untyped-call]
        given.append(numba.int64)
    function = _function(kernel)
    with watched(function, f"compiling {kernel.title}: bytes of code", watch):
        options = {"error_model": "numpy", "cache": cache, "pipeline_class": compiler}
        return numba.cfunc(numba.int64(*given), **options)(function)


def announce_kernel(kernel: Kernel, cache: Cache | None) -> None:
    """Tell the user that it is being compiled."""
    announce(kernel.title, work_of(_function(kernel)) / BYTES_A_SECOND, cache)


def _function(kernel: Kernel) -> Callable[..., Any]:
    function: Callable[..., Any] = getattr(importlib.import_module(kernel.module), kernel.function)
    return function


@contextmanager
def _kept_in(cache: Cache | None, room: str) -> Iterator[bool]:
    """Numba's cache in that room of the user's; whether there is one. What else the process compiles is not touched."""
    import numba

    config: Any = numba.config  # its stub does not list what it reads from the environment

    try:
        folder = str(cache.room(room)) if cache else ""
    except OSError:
        folder = ""
    before = config.CACHE_DIR
    config.CACHE_DIR = folder
    try:
        yield bool(folder)
    finally:
        config.CACHE_DIR = before
