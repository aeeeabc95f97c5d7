"""A compiler of Numba's for kernels whose indices never count from the end of an array. It loads Numba."""

from __future__ import annotations

from typing import Any

import numba.core.compiler_machinery
import numba.core.ir
import numba.core.types
from numba.core.typed_passes import NopythonTypeInference

from lifsim.kernels.unoptimised import Compiler

numba_ir: Any = numba.core.ir  # what Numba is made of has no types
numba_types: Any = numba.core.types
numba_passes: Any = numba.core.compiler_machinery


@numba_passes.register_pass(mutates_CFG=False, analysis_only=False)
class _NumberedFromZero(numba_passes.FunctionPass):  # type: ignore[misc]
    """No index of a kernel counts from the end of an array, so that none need be looked at for its sign: half of the
    instructions of an access. Each is made unsigned once the types are known."""

    _name = "numbered_from_zero"

    def __init__(self) -> None:
        """Numba's is abstract."""

    def run_pass(self, state: Any) -> bool:
        """Numba's hook: whether anything was changed."""
        changed = False
        for block in state.func_ir.blocks.values():
            body = []
            for statement in block.body:
                body += [*_index_made_unsigned(state, statement), statement]
            changed |= len(body) > len(block.body)
            block.body = body
        return changed


def _index_made_unsigned(state: Any, statement: Any) -> list[Any]:
    """Let `statement`, if it reads or writes an element, take an unsigned index; what must be done before it."""
    access = statement.value if isinstance(statement, numba_ir.Assign) else statement
    is_read = isinstance(access, numba_ir.Expr) and access.op == "getitem"
    if not (is_read or isinstance(access, numba_ir.SetItem)):
        return []
    kind = _unsigned(state.typemap[access.index.name])
    if kind is None:
        return []
    signed, called = access.index, state.calltypes.pop(access)
    access.index = numba_ir.Var(signed.scope, f"{signed.name}.{len(state.typemap)}", access.loc)
    state.typemap[access.index.name] = kind
    state.calltypes[access] = called.replace(args=(called.args[0], kind, *called.args[2:]))
    return [numba_ir.Assign(numba_ir.Expr.cast(signed, access.loc), access.index, access.loc)]


def _unsigned(kind: Any) -> Any:
    """The type of an index, unsigned; None of a slice."""
    if isinstance(kind, numba_types.Integer):
        return numba_types.uint64
    if isinstance(kind, numba_types.BaseTuple) and all(isinstance(part, numba_types.Integer) for part in kind):
        return numba_types.UniTuple(numba_types.uint64, len(kind))
    return None


class FromZero(Compiler):
    """As its base, with unsigned indices."""

    def define_pipelines(self) -> list[Any]:
        """Numba's hook."""
        (passes,) = super().define_pipelines()
        passes.add_pass_after(_NumberedFromZero, NopythonTypeInference)
        passes.finalize()
        return [passes]
