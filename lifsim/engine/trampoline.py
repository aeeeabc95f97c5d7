"""Calls a kernel by its address, with arguments packed in memory: any thread can do that, without the kernel's types
and without the GIL.

Only a little code is compiled here, which depends on the types of the arguments alone, so that no kernel is compiled
twice.
"""

from __future__ import annotations

import hashlib
from typing import Any

from llvmlite import ir
from numba import types

from lifsim.engine.operation import Code, item_bytes, operation

ROOM = 512
"""Words for the arguments of a kernel."""

_NUMBER = ir.IntType(64)
_POINTER = ir.IntType(8).as_pointer()
_TRAMPOLINE = ir.FunctionType(_POINTER, [_NUMBER, _NUMBER, _NUMBER, _POINTER])
_RAISED = ir.IntType(32)(1)  # what Numba's functions return where they have raised


def kind_of(arguments: Any) -> int:
    """A number, never 0, for the Numba types of a kernel's arguments behind `start` and `stop`."""
    names = ", ".join(map(str, arguments))
    return int.from_bytes(hashlib.sha256(names.encode()).digest()[:7], "big") + 1


@operation
def kind(_: Any, arguments: Any) -> Any:
    """`kind_of` their types."""
    return types.int64(arguments), lambda code, _: code.context.get_constant(types.int64, kind_of(arguments))


@operation
def packed(_: Any, words: Any, first: Any, arguments: Any) -> Any:
    """Put the arguments into words[first], ..., which must have `ROOM` words; returns the address of a trampoline for
    their types. Raises TypeError if they need more."""

    def write(code: Code, values: Any) -> Any:
        what = code.type_of(arguments)
        if code.context.get_abi_sizeof(what) > ROOM * item_bytes(words):
            raise TypeError(f"{arguments} must fit into {ROOM} words")
        code.builder.store(values[2], code.place(words, values, what), align=item_bytes(words))
        return code.builder.ptrtoint(_trampoline(code, arguments), _NUMBER)

    del first
    return types.int64(words, types.intp, arguments), write


@operation
def call(_: Any, trampoline: Any, kernel: Any, start: Any, stop: Any, arguments: Any) -> Any:
    """Call kernel(start, stop, *arguments); returns the address of the exception that it raised, or 0. All parameters
    but `start` and `stop` are addresses."""

    def write(code: Code, values: Any) -> Any:
        function = code.builder.inttoptr(values[0], _TRAMPOLINE.as_pointer())
        raised = code.builder.call(function, [*values[1:4], code.builder.inttoptr(values[4], _POINTER)])
        return code.builder.ptrtoint(raised, _NUMBER)

    del trampoline, kernel, start, stop, arguments
    return types.int64(*[types.int64] * 5), write


@operation
def raise_again(_: Any, raised: Any) -> Any:
    """Raise what the function called by `call` has raised."""

    def write(code: Code, values: Any) -> Any:
        convention = code.context.call_conv
        _, exception = convention.get_function_type(types.none, ()).args
        what = code.builder.inttoptr(values[0], exception.pointee)
        convention.return_status_propagate(code.builder, convention._get_return_status(code.builder, _RAISED, what))
        return code.context.get_dummy_value()

    del raised
    return types.void(types.int64), write


def _trampoline(code: Code, arguments: Any) -> Any:
    """A C function: (address of a kernel, start, stop, address of arguments of these types) -> what the kernel
    raised."""
    function = ir.Function(code.builder.module, _TRAMPOLINE, f"lifsim.trampoline.{kind_of(arguments)}")
    function.linkage = "internal"
    here = Code(code.context, ir.IRBuilder(function.append_basic_block()))
    kernel, start, stop, place = function.args
    whole = here.builder.load(here.builder.bitcast(place, here.type_of(arguments).as_pointer()))
    values = (here.builder.extract_value(whole, index) for index in range(len(arguments)))
    given = [start, stop, *(_borrowed(here, of, value) for of, value in zip(arguments, values, strict=True))]
    taken, convention = (types.int64, types.int64, *arguments), code.context.call_conv
    called = here.builder.inttoptr(kernel, convention.get_function_type(types.none, taken).as_pointer())
    status, _ = convention.call_function(here.builder, called, types.none, taken, given)
    nothing = ir.Constant(status.excinfoptr.type, None)
    here.builder.ret(here.builder.bitcast(here.builder.select(status.is_error, status.excinfoptr, nothing), _POINTER))
    return function


def _borrowed(code: Code, kind: Any, value: Any) -> Any:
    """An array without reference counting: every view of a row would change its count, in all threads. The thread that
    put up the work keeps the array alive."""
    if not isinstance(kind, types.Array):
        return value
    array = code.context.make_array(kind)(code.context, code.builder, value)
    array.meminfo = ir.Constant(array.meminfo.type, None)
    return array._getvalue()
