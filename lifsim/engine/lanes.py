"""Vectors of neighbouring elements, for compiled kernels that must fill this machine's registers and keep sums in them.

A lane is computed as a scalar would be, one operation after the other and none fused, so that no bit depends on how
long the registers are. Left alone, LLVM makes vectors of half their length and holds no sum in one from loop to loop.
No index is checked.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from llvmlite import binding, ir
from numba import types
from numba.core.datamodel import models
from numba.extending import overload, register_model
from numpy.typing import DTypeLike, NDArray

from lifsim.engine.operation import Code, item_bytes, operation
from lifsim.kernels.processor import this_processor

Array = NDArray[Any]

_LINE_BYTES = 64


def _register_bytes() -> int:
    if known := this_processor().register_bytes:
        return known
    features = binding.get_host_cpu_features()
    return 64 if features.get("avx512f") else 32 if features.get("avx") else 16


REGISTER_BYTES = _register_bytes()
"""Of this machine. Numba caches machine code separately for each kind of processor."""


def aligned(size: int, dtype: DTypeLike) -> Array:
    """Zeros [size] that start on a cache line, so that no register is loaded from two lines."""
    raw = np.zeros(size * np.dtype(dtype).itemsize + _LINE_BYTES, np.uint8)
    start = -raw.ctypes.data % _LINE_BYTES
    return raw[start : len(raw) - _LINE_BYTES + start].view(dtype)


class Lanes(types.Type):
    """`count` numbers, side by side."""

    def __init__(self, element: Any, count: int) -> None:
        self.element, self.count = element, count
        super().__init__(name=f"Lanes({element}, {count})")


@register_model(Lanes)
class _Model(models.PrimitiveModel):
    def __init__(self, dmm: Any, lanes: Any) -> None:
        super().__init__(  # type: ignore[no-untyped-call]
            dmm, lanes, ir.VectorType(dmm.lookup(lanes.element).get_value_type(), lanes.count)
        )


@operation
def zeros(_: Any, array: Any, size: Any) -> Any:
    """Zeros of an array's type, as many lanes as fit into `size` bytes, a literal."""
    lanes = Lanes(array.dtype, size.literal_value // item_bytes(array))
    return lanes(array, size), lambda code, _: ir.Constant(code.type_of(lanes), None)


@operation
def some(_: Any, array: Any, count: Any) -> Any:
    """Zeros of an array's type in `count` lanes, a literal."""
    lanes = Lanes(array.dtype, count.literal_value)
    return lanes(array, count), lambda code, _: ir.Constant(code.type_of(lanes), None)


@operation
def spread(_: Any, like: Any, number: Any) -> Any:
    """One number in every lane, as many lanes as `like` has."""

    def write(code: Code, values: Any) -> Any:
        nothing = ir.Constant(code.type_of(like), ir.Undefined)
        first = code.builder.insert_element(nothing, values[1], ir.IntType(32)(0))
        return code.builder.shuffle_vector(first, nothing, ir.Constant(ir.VectorType(ir.IntType(32), like.count), None))

    del number  # it is made one of the lanes' own type
    return like(like, like.element), write


@operation
def load(_: Any, like: Any, array: Any, start: Any) -> Any:
    """As many elements of an array, from `start` on, as `like` has lanes, and of its type."""

    def write(code: Code, values: Any) -> Any:
        found = code.load(array, values[1:], ir.VectorType(code.type_of(array.dtype), like.count))
        return _converted(code, found, array.dtype, like)

    del start
    return like(like, array, types.intp), write


@operation
def converted(_: Any, like: Any, lanes: Any) -> Any:
    """Lanes converted to the type of `like`, which must represent all their values."""
    return like(like, lanes), lambda code, values: _converted(code, values[1], lanes.element, like)


@operation
def larger(_: Any, first: Any, second: Any) -> Any:
    """Of whole numbers, lane by lane the larger one."""

    def write(code: Code, values: Any) -> Any:
        return code.builder.select(code.builder.icmp_unsigned(">", *values), *values)

    return first(first, second), write


@operation
def equal(_: Any, first: Any, second: Any) -> Any:
    """Of whole numbers, 1 in each lane in which they are the same, else 0."""

    def write(code: Code, values: Any) -> Any:
        return code.builder.zext(code.builder.icmp_unsigned("==", *values), code.type_of(first))

    return first(first, second), write


@operation
def store(_: Any, lanes: Any, array: Any, start: Any) -> Any:
    """Lanes into an array, from `start` on."""

    def write(code: Code, values: Any) -> Any:
        place = code.place(array, values[1:], code.type_of(lanes))
        code.builder.store(values[0], place, align=item_bytes(array))
        return code.context.get_dummy_value()

    del start
    return types.void(lanes, array, types.intp), write


@operation
def element(_: Any, array: Any, index: Any) -> Any:
    """One element of an array; the index must not be negative."""
    del index
    return array.dtype(array, types.intp), lambda code, values: code.load(array, values, code.type_of(array.dtype))


@operation
def nonzero_of_eight(_: Any, array: Any, start: Any) -> Any:
    """Which of the eight elements from `start` on are not zero: bit i of the i-th."""

    def write(code: Code, values: Any) -> Any:
        vector = ir.VectorType(code.type_of(array.dtype), 8)
        compare = code.builder.fcmp_unordered if isinstance(array.dtype, types.Float) else code.builder.icmp_unsigned
        found = compare("!=", code.load(array, values, vector), ir.Constant(vector, None))
        return code.builder.zext(code.builder.bitcast(found, ir.IntType(8)), code.type_of(types.intp))

    del start
    return types.intp(array, types.intp), write


@operation
def _count(_: Any, lanes: Any) -> Any:
    return types.intp(lanes), lambda code, _: ir.Constant(code.type_of(types.intp), lanes.count)


def _converted(code: Code, values: Any, element: Any, like: Any) -> Any:
    if element == like.element:
        return values
    convert = code.builder.fpext if isinstance(element, types.Float) else code.builder.uitofp
    return convert(values, code.type_of(like))


def _arithmetic(of_reals: str, of_integers: str) -> Any:
    @operation
    def compute(_: Any, first: Any, second: Any) -> Any:
        name = of_reals if isinstance(first.element, types.Float) else of_integers
        return first(first, second), lambda code, values: getattr(code.builder, name)(*values)

    return compute


_sum, _difference, _product = _arithmetic("fadd", "add"), _arithmetic("fsub", "sub"), _arithmetic("fmul", "mul")


@overload(operator.add)
def _add(first, second):  # type: ignore[no-untyped-def]
    return (lambda first, second: _sum(first, second)) if isinstance(first, Lanes) and first == second else None


@overload(operator.sub)
def _subtract(first, second):  # type: ignore[no-untyped-def]
    return (lambda first, second: _difference(first, second)) if isinstance(first, Lanes) and first == second else None


@overload(operator.mul)
def _multiply(first, second):  # type: ignore[no-untyped-def]
    return (lambda first, second: _product(first, second)) if isinstance(first, Lanes) and first == second else None


@overload(len)
def _len(lanes):  # type: ignore[no-untyped-def]
    return (lambda lanes: _count(lanes)) if isinstance(lanes, Lanes) else None
