"""How the DRAM kernel is compiled. Import it only to compile: it loads Numba."""

from __future__ import annotations

from typing import Any, TypeVar, cast

import numba
from numba.core import ir, types
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import FunctionPass, register_pass
from numba.core.typed_passes import NopythonTypeInference
from numba.core.typing import signature

F = TypeVar("F")

# Numba infers the types of the kernel; these names tell the reader.
Int64 = Any
Bool = Any
Machine = Any  # a record of state.MACHINE
Pointer = Any  # to the first of such records
Records = Any  # an array of state.BLOCK, of state.LOG, of MACHINE


@register_pass(mutates_CFG=False, analysis_only=False)
class _NumberedFromZero(FunctionPass):
    """No index of a kernel counts from the end of an array, so that none need be looked at for its sign: half of the
    instructions of an access. Each is made unsigned once the types are known."""

    _name = "numbered_from_zero"

    def __init__(self) -> None:
        super().__init__()  # which Numba leaves abstract

    def run_pass(self, state: Any) -> bool:
        """Numba's hook: whether anything was changed."""
        return any([self._make_unsigned(state, block) for block in state.func_ir.blocks.values()])

    def _make_unsigned(self, state: Any, block: Any) -> bool:
        before = len(block.body)
        for statement in list(block.body):
            access = statement.value if isinstance(statement, ir.Assign) else statement
            is_read = isinstance(access, ir.Expr) and access.op == "getitem"
            if not (is_read or isinstance(access, ir.SetItem)):
                continue
            kind = _unsigned(state.typemap[access.index.name])
            if kind is None:
                continue
            index = ir.Var(access.index.scope, f"{access.index.name}.{len(state.typemap)}", access.loc)
            state.typemap[index.name] = kind
            cast_to = ir.Assign(ir.Expr.cast(access.index, access.loc), index, access.loc)
            block.body.insert(block.body.index(statement), cast_to)
            called = state.calltypes.pop(access)
            access.index = index
            state.calltypes[access] = signature(called.return_type, called.args[0], kind, *called.args[2:])
        return len(block.body) > before


def _unsigned(kind: Any) -> Any:
    """The type of an index, unsigned; None of a slice."""
    if isinstance(kind, types.Integer):
        return types.uint64
    if isinstance(kind, types.BaseTuple) and all(isinstance(part, types.Integer) for part in kind):
        return types.UniTuple(types.uint64, len(kind))
    return None


class _Compiler(CompilerBase):  # type: ignore[misc]
    def define_pipelines(self) -> list[Any]:
        """Numba's hook."""
        passes = DefaultPassBuilder.define_nopython_pipeline(self.state)
        passes.add_pass_after(_NumberedFromZero, NopythonTypeInference)
        passes.finalize()
        return [passes]


def compiled(function: F) -> F:
    """`function` as part of a kernel: only compiled code calls it; it knows no exceptions, allocates nothing, and
    numbers what it has from zero on."""
    njit: Any = numba.njit  # its stubs lack what makes it part of a kernel
    options = {"error_model": "numpy", "no_cpython_wrapper": True, "no_cfunc_wrapper": True, "_nrt": False}
    return cast(F, njit(function, pipeline_class=_Compiler, **options))
