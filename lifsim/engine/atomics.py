"""Atomic operations on words of memory that threads share, for compiled kernels: sequentially consistent, so all
threads see all of them in one order. Words are elements of a contiguous int64 array; no index is checked."""

from __future__ import annotations

import os
import platform
from typing import Any

from llvmlite import ir
from numba import types

from lifsim.engine.operation import Code, item_bytes, operation

_ORDER = "seq_cst"
_PAUSES = {"x86_64": "llvm.x86.sse2.pause", "AMD64": "llvm.x86.sse2.pause"}

give_way: Any = types.ExternalFunction("sched_yield" if hasattr(os, "sched_yield") else "SwitchToThread", types.int32())
"""Let another thread have this processor, if one waits for it."""


@operation
def read(_: Any, words: Any, index: Any) -> Any:
    """words[index]."""

    def write(code: Code, values: Any) -> Any:
        return code.builder.load_atomic(_place(code, words, values), _ORDER, item_bytes(words))

    del index
    return types.int64(words, types.intp), write


@operation
def put(_: Any, words: Any, index: Any, value: Any) -> Any:
    """words[index] = value."""

    def write(code: Code, values: Any) -> Any:
        code.builder.store_atomic(values[2], _place(code, words, values), _ORDER, item_bytes(words))
        return code.context.get_dummy_value()

    del index, value
    return types.void(words, types.intp, types.int64), write


@operation
def add(_: Any, words: Any, index: Any, value: Any) -> Any:
    """words[index] += value; what it was before."""

    def write(code: Code, values: Any) -> Any:
        return code.builder.atomic_rmw("add", _place(code, words, values), values[2], _ORDER)

    del index, value
    return types.int64(words, types.intp, types.int64), write


@operation
def pause(_: Any) -> Any:
    """Slows down a loop that polls a word until another thread changes it."""

    def write(code: Code, _: Any) -> Any:
        if name := _PAUSES.get(platform.machine()):
            code.builder.call(code.builder.module.declare_intrinsic(name, (), ir.FunctionType(ir.VoidType(), [])), [])
        return code.context.get_dummy_value()

    return types.void(), write


def _place(code: Code, words: Any, values: Any) -> Any:
    return code.place(words, values, code.type_of(types.int64))
