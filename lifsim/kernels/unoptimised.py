"""Functions of a kernel as Numba hands them to LLVM, so that they are optimised once, all together, in the kernel.

By itself Numba optimises with each function all that it calls, again, and makes machine code of it, which nobody needs:
of a kernel's functions only compiled code calls any. Import it only to compile: it loads Numba.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

import numba.core.codegen
import numba.core.compiler
from llvmlite.binding import Linkage
from numba.core import typed_passes as typed
from numba.core import untyped_passes as untyped

if TYPE_CHECKING:
    from llvmlite.binding import ModuleRef

numba_codegen: Any = numba.core.codegen  # what Numba is made of has no types
numba_compiler: Any = numba.core.compiler

UNNEEDED = (
    untyped.WithLifting,
    untyped.InlineClosureLikes,
    untyped.RewriteSemanticConstants,
    untyped.DeadBranchPrune,
    untyped.RewriteDynamicRaises,
    untyped.MakeFunctionToJitFunction,
    untyped.InlineInlinables,
    untyped.FindLiterallyCalls,
    untyped.LiteralUnroll,
    untyped.LiteralPropagationSubPipelinePass,
    typed.InlineOverloads,
    typed.NopythonRewrites,
    typed.NoPythonSupportedFeatureValidation,
    typed.AnnotateTypes,
    typed.DumpParforDiagnostics,
)
"""Passes for what no kernel has (closures, `with`, `literally`, errors with texts made up as it runs, whole arrays in
one expression, what Numba itself puts in), and for what nobody reads."""


class Unoptimised(numba_codegen.JITCodeLibrary):  # type: ignore[misc]
    """One function in the words of LLVM; what it calls is linked to it when the whole is asked for."""

    _whole: ModuleRef | None = None

    def finalize(self) -> None:
        """Numba's hook: nothing more is added. Nothing is optimised either."""
        self._finalized = True

    def get_pointer_to_function(self, name: str) -> int:
        """Numba's hook: there is no machine code."""
        del name
        return 0

    def get_llvm_str(self) -> str:
        """Numba's hook: it and all that it calls, each once."""
        return str(self._get_module_for_linking())

    def _get_module_for_linking(self) -> ModuleRef:
        """Numba's hook: as `get_llvm_str`, for a caller that Numba optimises. It may hold some of the same functions by
        other ways, of which LLVM is to take any."""
        if self._whole is None:
            self._whole = self._final_module.clone()
            for module in self._all_called():
                self._whole.link_in(module, preserve=True)
            for function in self._whole.functions:
                if not function.is_declaration and function.linkage == Linkage.external:
                    function.linkage = "linkonce_odr"
        return self._whole

    def _all_called(self) -> Iterator[ModuleRef]:
        """All that it calls, and what these call: one by one, but for what Numba has optimised, and linked, already."""
        found, to_see = {self}, [self]
        while to_see:
            for library in to_see.pop()._linking_libraries:
                if library in found:
                    continue
                found.add(library)
                if isinstance(library, Unoptimised):
                    to_see.append(library)
                    yield library._final_module
                else:
                    yield library._get_module_for_linking()


class _Codegen(numba_codegen.JITCPUCodegen):  # type: ignore[misc]
    """Makes such libraries."""

    _library_class = Unoptimised

    def set_env(self, name: str, environment: object) -> None:
        """Numba's hook: what knows no exceptions and no objects reads none."""


@cache
def _codegen() -> Any:
    return _Codegen("lifsim")


class Compiler(numba_compiler.CompilerBase):  # type: ignore[misc]
    """As Numba compiles, up to LLVM, what kernels are made of."""

    def define_pipelines(self) -> list[Any]:
        """Numba's hook."""
        self.state.library = _codegen().create_library(self.state.func_id.func_qualname)
        passes = numba_compiler.DefaultPassBuilder.define_nopython_pipeline(self.state)
        passes.passes = [(each, name) for each, name in passes.passes if each not in UNNEEDED]
        return [passes]
