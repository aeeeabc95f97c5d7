"""A kernel as an object file, which LLVM loads without Numba, and a linker makes a shared library of."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from lifsim.kernels.cache import user_cache
from lifsim.kernels.jit import announce_kernel, cfunc_of
from lifsim.kernels.kernel import Kernel
from lifsim.watch import Watch, unwatched

if TYPE_CHECKING:
    from llvmlite.binding import ModuleRef, TargetMachine


class NotSelfContainedError(Exception):
    """Machine code that needs more of Numba than an object file holds."""


def load_object(kernel: Kernel, watch: Watch = unwatched) -> Callable[..., int]:
    """The machine code, from the cache or compiled now. Raises what llvmlite raises, and NotSelfContainedError."""
    import llvmlite.binding as llvm

    target = target_of(*_host())
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), target)
    for part in kernel.whole:
        engine.add_object_file(llvm.ObjectFileRef.from_data(object_code(part, watch)))
    engine.finalize_object()
    address = engine.get_function_address(kernel.function)
    if not address:
        raise NotSelfContainedError(f"the object file has no {kernel.function}")
    call = kernel.at(address)
    call.engine = engine  # type: ignore[attr-defined]  # the code lives as long as its engine
    return call


def object_code(kernel: Kernel, watch: Watch = unwatched) -> bytes:
    """The object file for this machine, without those of what it calls, kept whole from an earlier process or compiled
    now. Raises as `load_object`."""
    cache = user_cache()
    target = target_of(*_host())

    def compile_now() -> bytes:
        announce_kernel(kernel, cache)
        return compiled_for(target, kernel, watch)

    machine = hashlib.sha256(" ".join([target.triple, *_host()]).encode()).hexdigest()[:8]
    name = f"{kernel.module}.{kernel.function}-{machine}-{kernel.digest}.o"
    return cache.kept(name, compile_now, watch) if cache else compile_now()


def target_of(cpu: str, features: str) -> TargetMachine:
    """For processors like this one, wherever in memory the code lies."""
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    triple = llvm.Target.from_default_triple()
    return triple.create_target_machine(cpu=cpu, features=features, opt=3, reloc="pic", codemodel="small")


def compiled_for(target: TargetMachine, kernel: Kernel, watch: Watch = unwatched) -> bytes:
    """The object file, compiled now. Raises NotSelfContainedError, and what Numba and llvmlite raise."""
    return bytes(target.emit_object(_compiled(kernel, target, watch)))


def _host() -> tuple[str, str]:
    import llvmlite.binding as llvm

    return llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()


def _compiled(kernel: Kernel, target: TargetMachine, watch: Watch) -> ModuleRef:
    """The kernel and all that it calls in one module of LLVM, optimised as a whole."""
    import llvmlite.binding as llvm

    from lifsim.kernels.unoptimised import Compiler

    compiled = cfunc_of(kernel, watch, compiler=Compiler)
    watch(f"optimising {kernel.title}", 0, 0)
    module = llvm.parse_assembly(compiled.inspect_llvm())
    module.get_function(compiled.native_name).name = kernel.function
    for part in (*module.functions, *module.global_variables):
        if not part.is_declaration:
            part.linkage = "external" if part.name == kernel.function else "internal"
    _optimise(module, target)
    known = {called.function for called in kernel.calls}
    declared = {f.name for f in module.functions if f.is_declaration and not f.name.startswith("llvm.")}
    if needed := sorted(declared - known):
        raise NotSelfContainedError(f"{kernel.function} must stand for itself, but calls {', '.join(needed)}")
    return module


def _optimise(module: ModuleRef, target: TargetMachine) -> None:
    """In Numba's order: what must be is put in where it is called, loops are made ready, and then all is optimised.
    Seeing all that is called, LLVM finds that nothing raises, and drops the ways to Python's exceptions."""
    import llvmlite.binding as llvm

    at_first = llvm.create_pass_builder(target, llvm.create_pipeline_tuning_options(speed_level=0))
    ready = at_first.getModulePassManager()
    ready.add_loop_rotate_pass()
    ready.add_instruction_combine_pass()
    ready.add_jump_threading_pass()
    ready.run(module, at_first)
    passes = llvm.create_pass_builder(target, llvm.create_pipeline_tuning_options(speed_level=3))
    passes.getModulePassManager().run(module, passes)
    # Only now it is seen that no array of a kernel's has an owner, so that nothing of Numba's frees any.
    left = llvm.create_new_module_pass_manager()
    left.add_ipsccp_pass()
    left.add_simplify_cfg_pass()
    left.add_global_dead_code_eliminate_pass()
    left.run(module, passes)
