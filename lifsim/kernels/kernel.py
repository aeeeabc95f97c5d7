"""Kernels: functions that Numba compiles once on a machine, and that later processes call as machine code."""

from __future__ import annotations

import ctypes
import hashlib
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lifsim.lazy_dataclass import dataclass
from lifsim.watch import Watch, unwatched

PACKAGE = Path(__file__).parents[1]


@dataclass(frozen=True)
class Kernel:
    """A function that Python calls as machine code.

    title: what it is, in words. module, function: where it stands; the module may import Numba. It takes int64
    numbers and, for each array, a pointer and the number of elements, of which `numba.carray` makes an array again; it
    returns an int64 and raises nothing. parameters: of each array the type of its elements, None for a number. sources:
    the files that it is compiled from, as patterns below lifsim/. calls: kernels that it calls (`jit.symbol_of`), each
    compiled by itself: Numba would optimise one again with every function that leads to it.
    """

    title: str
    module: str
    function: str
    parameters: tuple[np.dtype[Any] | None, ...]
    sources: tuple[str, ...]
    calls: tuple[Kernel, ...] = ()

    def load(self, watch: Watch = unwatched) -> None:
        """Have its machine code in this process, which a first call would take long to wait for."""
        from lifsim.kernels.load import loaded

        loaded(self, watch)

    def __call__(self, *arguments: npt.NDArray[Any] | int) -> int:
        """Run it; arrays, which must be contiguous and of the types of `parameters`, are worked on in place."""
        from lifsim.kernels.load import loaded

        passed: list[int] = []
        for argument, element in zip(arguments, self.parameters, strict=True):
            if isinstance(argument, np.ndarray):
                if argument.dtype != element or not argument.flags.c_contiguous:
                    raise TypeError(f"{self.function} takes contiguous {element}, not {argument.dtype}")
                passed += [argument.ctypes.data, argument.size]
            else:
                passed.append(argument)
        return int(loaded(self)(*passed))

    def at(self, address: int) -> Callable[..., int]:
        """Its machine code at that address, called with `numbers` alone."""
        code: Callable[..., int] = ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_int64] * self.numbers)(address)
        return code

    @property
    def numbers(self) -> int:
        """That its machine code takes: of an array its address and its size."""
        return sum(1 if element is None else 2 for element in self.parameters)

    @property
    def digest(self) -> str:
        """Of all that the machine code depends on, but for the machine."""
        return digest_of(self.sources, self.layouts)

    @property
    def whole(self) -> tuple[Kernel, ...]:
        """Itself and all that it calls, what is called first."""
        called = (kernel for called in self.calls for kernel in called.whole)
        return tuple(dict.fromkeys((*called, self)))

    @property
    def layouts(self) -> tuple[str, ...]:
        """How each parameter lies in memory."""
        return tuple(str(element and element.descr) for element in self.parameters)


def digest_of(sources: Iterable[str], more: Iterable[str] = ()) -> str:
    """Of the compilers, of the files that match the patterns below lifsim/, and of `more`: 16 hexadecimal digits."""
    compilers = release("numba"), release("llvmlite"), np.__version__
    return digest_of_sources(sources, [*compilers, *more])


def digest_of_sources(sources: Iterable[str], more: Iterable[str] = ()) -> str:
    """As `digest_of`, whatever compilers there are."""
    digest = hashlib.sha256("\n".join(more).encode())
    for source in sorted({path for pattern in ("kernels/*.py", *sources) for path in PACKAGE.glob(pattern)}):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def release(package: str) -> str:
    """What tells which one of `package` is installed: the file of its version, where it has one. `importlib.metadata`
    is asked where it has none, for to import that takes as long as to read a hundred files."""
    found = find_spec(package)
    if found and found.origin and (told := Path(found.origin).with_name("_version.py")).is_file():
        return told.read_text(encoding="utf-8")
    from importlib.metadata import version

    return version(package)
