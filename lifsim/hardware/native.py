"""Kernels that Numba compiles once on a machine, and that every later process loads without Numba.

Importing Numba and looking up what it has cached takes a process a second, longer than most simulations. So the object
file of a kernel is kept, as Numba's own cache would keep it, and llvmlite, the LLVM that Numba stands on, loads it in
some hundredths of a second.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import importlib
import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from llvmlite.binding import ModuleRef, TargetMachine

HERE = Path(__file__).parent
_CHECKSUM_BYTES = 32


@dataclass(frozen=True)
class Kernel:
    """A function that Python calls as machine code.

    title: what it is, for people. module, function: where it stands; the module may import Numba. It takes int64
    numbers and, for each array, a pointer and the number of elements, of which `numba.carray` makes an array again; it
    returns an int64 and raises nothing. parameters: of each array the type of its elements, None for a number. sources:
    the files that it is compiled from, as patterns below lifsim/hardware.
    """

    title: str
    module: str
    function: str
    parameters: tuple[np.dtype[Any] | None, ...]
    sources: tuple[str, ...]

    def __call__(self, *arguments: npt.NDArray[Any] | int) -> int:
        """Run it; arrays, which must be contiguous and of the types of `parameters`, are worked on in place."""
        passed: list[int] = []
        for argument, element in zip(arguments, self.parameters, strict=True):
            if isinstance(argument, np.ndarray):
                if argument.dtype != element or not argument.flags.c_contiguous:
                    raise TypeError(f"{self.function} takes contiguous {element}, not {argument.dtype}")
                passed += [argument.ctypes.data, argument.size]
            else:
                passed.append(argument)
        return int(_loaded(self)(*passed))

    @property
    def digest(self) -> str:
        """Of all that the machine code depends on, but for the machine."""
        compilers = [f"{name} {version(name)}" for name in ("numba", "llvmlite", "numpy")]
        layouts = [str(element and element.descr) for element in self.parameters]
        digest = hashlib.sha256("\n".join([*compilers, *layouts]).encode())
        for source in sorted(path for pattern in ("native.py", *self.sources) for path in HERE.glob(pattern)):
            digest.update(source.read_bytes())
        return digest.hexdigest()[:16]


@cache
def _loaded(kernel: Kernel) -> Callable[..., int]:
    """The machine code, in this process."""
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    cpu, features = llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()
    target = llvm.Target.from_default_triple().create_target_machine(cpu=cpu, features=features, opt=3, jit=True)
    machine = hashlib.sha256(f"{target.triple} {cpu} {features}".encode()).hexdigest()[:8]
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), target)
    engine.add_object_file(llvm.ObjectFileRef.from_data(_object_code(kernel, target, machine)))
    engine.finalize_object()
    numbers = [ctypes.c_int64] * sum(1 if element is None else 2 for element in kernel.parameters)
    call = ctypes.CFUNCTYPE(ctypes.c_int64, *numbers)(engine.get_function_address(kernel.function))
    call.engine = engine  # type: ignore[attr-defined]  # the code lives as long as its engine
    return call


def _object_code(kernel: Kernel, target: TargetMachine, machine: str) -> bytes:
    """The object file, kept whole from an earlier process or compiled now."""
    name = f"{kernel.module}.{kernel.function}-{machine}-{kernel.digest}.o"
    for folder in _folders():
        with contextlib.suppress(OSError):
            kept = (folder / name).read_bytes()
            if _checksum(kept[_CHECKSUM_BYTES:]) == kept[:_CHECKSUM_BYTES]:
                return kept[_CHECKSUM_BYTES:]
    logging.getLogger(__name__).warning("compiling %s for this machine: once, up to 20 s", kernel.title)
    code = bytes(target.emit_object(_compiled(kernel, target)))
    _keep(_checksum(code) + code, name)
    return code


def _compiled(kernel: Kernel, target: TargetMachine) -> ModuleRef:
    """The kernel and all that it calls in one module of LLVM, optimised as a whole."""
    import llvmlite.binding as llvm
    import numba

    numbers: list[Any] = []
    for element in kernel.parameters:
        if element is not None:
            numbers.append(numba.types.CPointer(numba.from_dtype(element)))  # type: ignore[no-untyped-call]
        numbers.append(numba.int64)
    function = getattr(importlib.import_module(kernel.module), kernel.function)
    compiled = numba.cfunc(numba.int64(*numbers), error_model="numpy")(function)
    module = llvm.parse_assembly(compiled.inspect_llvm())
    module.get_function(compiled.native_name).name = kernel.function
    for called in module.functions:
        if not called.is_declaration and called.name != kernel.function:
            called.linkage = "internal"
    # Seeing all that is called, LLVM finds that nothing raises, and drops the ways to Python's exceptions.
    passes = llvm.create_pass_builder(target, llvm.create_pipeline_tuning_options(speed_level=3))
    passes.getModulePassManager().run(module, passes)
    needed = [f.name for f in module.functions if f.is_declaration and not f.name.startswith("llvm.")]
    if needed:
        raise AssertionError(f"{kernel.function} must stand for itself, but calls {', '.join(needed)}")
    return module


def _checksum(code: bytes) -> bytes:
    return hashlib.sha256(code).digest()


def _folders() -> Iterator[Path]:
    """Where object files may be: beside the sources, or, where these cannot be written, in the user's cache."""
    yield HERE / "__pycache__"
    yield Path(os.environ.get("XDG_CACHE_HOME") or os.environ.get("HOME", "") + "/.cache") / "lifsim"


def _keep(content: bytes, name: str) -> None:
    """Write the object file where that is possible, in place of those of earlier sources."""
    for folder in _folders():
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            whole = folder / f"{name}.{os.getpid()}"
            whole.write_bytes(content)
            whole.replace(folder / name)
            for old in folder.glob(name.rpartition("-")[0] + "-*.o"):
                if old.name != name:
                    old.unlink(missing_ok=True)
            return
