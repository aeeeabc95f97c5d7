"""A kernel as an object file, which LLVM loads without Numba."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from lifsim.kernels.cache import user_cache
from lifsim.kernels.jit import announce, cfunc_of
from lifsim.kernels.kernel import Kernel

if TYPE_CHECKING:
    from llvmlite.binding import ModuleRef, TargetMachine


class NotSelfContainedError(Exception):
    """Machine code that needs more of Numba than an object file holds."""


def load_object(kernel: Kernel) -> Callable[..., int]:
    """The machine code, from the cache or compiled now. Raises what llvmlite raises, and NotSelfContainedError."""
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    cpu, features = llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()
    target = llvm.Target.from_default_triple().create_target_machine(cpu=cpu, features=features, opt=3, jit=True)
    machine = hashlib.sha256(f"{target.triple} {cpu} {features}".encode()).hexdigest()[:8]
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), target)
    engine.add_object_file(llvm.ObjectFileRef.from_data(_object_code(kernel, target, machine)))
    engine.finalize_object()
    address = engine.get_function_address(kernel.function)
    if not address:
        raise NotSelfContainedError(f"the object file has no {kernel.function}")
    call = kernel.at(address)
    call.engine = engine  # type: ignore[attr-defined]  # the code lives as long as its engine
    return call


def _object_code(kernel: Kernel, target: TargetMachine, machine: str) -> bytes:
    """The object file, kept whole from an earlier process or compiled now."""
    cache = user_cache()

    def compile_now() -> bytes:
        announce(kernel, cache)
        return bytes(target.emit_object(_compiled(kernel, target)))

    name = f"{kernel.module}.{kernel.function}-{machine}-{kernel.digest}.o"
    return cache.kept(name, compile_now) if cache else compile_now()


def _compiled(kernel: Kernel, target: TargetMachine) -> ModuleRef:
    """The kernel and all that it calls in one module of LLVM, optimised as a whole."""
    import llvmlite.binding as llvm

    compiled = cfunc_of(kernel, cache=False)
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
        raise NotSelfContainedError(f"{kernel.function} must stand for itself, but calls {', '.join(needed)}")
    return module
