"""Calls of a kernel by its address, with arguments that lie packed in memory: any thread can make them, and needs
neither the kernel's types nor the lock of the interpreter.

What is compiled here depends on the types of the arguments alone, so that no kernel is compiled a second time.
"""

from __future__ import annotations

import hashlib
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

_NUMBER = ir.IntType(64)
_POINTER = ir.IntType(8).as_pointer()
_TRAMPOLINE = ir.FunctionType(_POINTER, [_NUMBER, _NUMBER, _NUMBER, _POINTER])
_RAISED = 1  # what Numba's functions return where they have raised


def kind_of(arguments: Any) -> int:
    """A number for the types of a kernel's arguments, behind `start` and `stop`, of Numba's; never 0."""
    names = ", ".join(map(str, arguments))
    return int.from_bytes(hashlib.sha256(names.encode()).digest()[:7], "big") + 1


@intrinsic
def kind(_: Any, arguments: Any) -> Any:
    """`kind_of` their types."""
    number = kind_of(arguments)
    return types.int64(arguments), lambda context, *_: context.get_constant(types.int64, number)


@intrinsic
def packed(_: Any, arguments: Any) -> Any:
    """(address of a trampoline, address of the arguments), which lie there until the calling function returns."""

    def write(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        here = cgutils.alloca_once_value(builder, values[0])
        trampoline = _trampoline(context, builder.module, signature.args[0])
        addresses = [builder.ptrtoint(pointer, _NUMBER) for pointer in (trampoline, here)]
        return context.make_tuple(builder, signature.return_type, addresses)

    return types.UniTuple(types.int64, 2)(arguments), write


@intrinsic
def call(_: Any, trampoline: Any, kernel: Any, start: Any, stop: Any, arguments: Any) -> Any:
    """kernel(start, stop, *arguments); the address of what it has raised, 0 if nothing. All are addresses but `start`
    and `stop`."""

    def write(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        del context, signature
        code = builder.inttoptr(values[0], _TRAMPOLINE.as_pointer())
        raised = builder.call(code, [*values[1:4], builder.inttoptr(values[4], _POINTER)])
        return builder.ptrtoint(raised, _NUMBER)

    del trampoline, kernel, start, stop, arguments
    return types.int64(*[types.int64] * 5), write


@intrinsic
def raise_again(_: Any, raised: Any) -> Any:
    """Raise what another function has raised: of `call`."""

    def write(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        del signature
        convention = context.call_conv
        what = builder.inttoptr(values[0], _exception(context))
        status = convention._get_return_status(builder, ir.Constant(ir.IntType(32), _RAISED), what)
        convention.return_status_propagate(builder, status)
        return context.get_dummy_value()

    del raised
    return types.void(types.int64), write


def _trampoline(context: Any, module: Any, arguments: Any) -> Any:
    """A function of C's: (address of a kernel, start, stop, address of arguments of these types) -> what it raised."""
    function = ir.Function(module, _TRAMPOLINE, f"lifsim.trampoline.{kind_of(arguments)}")
    function.linkage = "internal"
    builder = ir.IRBuilder(function.append_basic_block())
    kernel, start, stop, place = function.args
    taken = types.int64, types.int64, *arguments
    signature = context.call_conv.get_function_type(types.none, taken)
    whole = builder.load(builder.bitcast(place, context.get_value_type(arguments).as_pointer()))
    values = cgutils.unpack_tuple(builder, whole, len(arguments))
    given = [start, stop, *(_borrowed(context, builder, *of) for of in zip(arguments, values, strict=True))]
    code = builder.inttoptr(kernel, signature.as_pointer())
    status, _ = context.call_conv.call_function(builder, code, types.none, taken, given)
    nothing = ir.Constant(status.excinfoptr.type, None)
    builder.ret(builder.bitcast(builder.select(status.is_error, status.excinfoptr, nothing), _POINTER))
    return function


def _borrowed(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    """An array without its count of references, which each view of a row would change, in all threads; whoever put up
    the work holds the array."""
    if not isinstance(kind, types.Array):
        return value
    array = context.make_array(kind)(context, builder, value)
    array.meminfo = ir.Constant(array.meminfo.type, None)
    return array._getvalue()


def _exception(context: Any) -> Any:
    """LLVM's type of what tells what was raised."""
    return context.call_conv.get_function_type(types.none, ()).args[1].pointee
