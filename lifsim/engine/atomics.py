"""Words of memory that threads share, for compiled kernels: each operation is whole, and all threads see all of them in
one order. Words are elements of a contiguous int64 array; no index is checked."""

from __future__ import annotations

import os
import platform
from typing import Any

from llvmlite import ir
from numba import types
from numba.core.cgutils import get_or_insert_function
from numba.extending import intrinsic

_ORDER = "seq_cst"
_BYTES = 8
_PAUSES = {"x86_64": "llvm.x86.sse2.pause", "AMD64": "llvm.x86.sse2.pause"}

give_way: Any = types.ExternalFunction(
    "sched_yield" if hasattr(os, "sched_yield") else "SwitchToThread", types.int32()
)
"""Let another thread have this processor, if one waits for it."""


def _place(context: Any, builder: Any, signature: Any, values: Any) -> Any:
    """Pointer to a word. Raises TypeError where words may lie apart."""
    words = signature.args[0]
    if words.layout != "C" or words.dtype != types.int64:
        raise TypeError(f"{words} must be contiguous int64")
    return builder.gep(context.make_array(words)(context, builder, values[0]).data, [values[1]])


@intrinsic
def read(_: Any, words: Any, index: Any) -> Any:
    """words[index]."""

    def write(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return builder.load_atomic(_place(context, builder, signature, values), _ORDER, _BYTES)

    del index
    return types.int64(words, types.intp), write


@intrinsic
def put(_: Any, words: Any, index: Any, value: Any) -> Any:
    """words[index] = value."""

    def write(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        builder.store_atomic(values[2], _place(context, builder, signature, values), _ORDER, _BYTES)
        return context.get_dummy_value()

    del index, value
    return types.void(words, types.intp, types.int64), write


@intrinsic
def add(_: Any, words: Any, index: Any, value: Any) -> Any:
    """words[index] += value; what it was before."""

    def write(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return builder.atomic_rmw("add", _place(context, builder, signature, values), values[2], _ORDER)

    del index, value
    return types.int64(words, types.intp, types.int64), write


@intrinsic
def pause(_: Any) -> Any:
    """What a loop does that waits for a word to change, so that the processor does not race through it."""

    def write(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        del signature, values
        if name := _PAUSES.get(platform.machine()):
            builder.call(get_or_insert_function(builder.module, ir.FunctionType(ir.VoidType(), []), name), [])
        return context.get_dummy_value()

    return types.void(), write
