"""Tiles for compiled kernels: rows of lanes that hold a block of a matrix product in registers.

An element is a sum of products in the order in which they come, each product added with one rounding (a fused
multiply-add), whatever the size of tile and registers. No index is checked.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core.datamodel import models
from numba.extending import register_model

from lifsim.engine.lanes import Lanes
from lifsim.engine.operation import Code, item_bytes, operation

_INDEX = ir.IntType(64)


class Tile(types.Type):
    """`rows` times `lanes`."""

    def __init__(self, lanes: Lanes, rows: int) -> None:
        self.lanes, self.rows = lanes, rows
        super().__init__(name=f"Tile({lanes}, {rows})")


@register_model(Tile)
class _Model(models.PrimitiveModel):
    def __init__(self, dmm: Any, tile: Any) -> None:
        row = dmm.lookup(tile.lanes).get_value_type()
        super().__init__(dmm, tile, ir.ArrayType(row, tile.rows))  # type: ignore[no-untyped-call]


@operation
def blank(_: Any, like: Any, rows: Any) -> Any:
    """Zeros: `rows` rows, a literal, of lanes."""
    tile = Tile(like, rows.literal_value)
    return tile(like, rows), lambda code, _: ir.Constant(code.type_of(tile), None)


@operation
def add_products(_: Any, tile: Any, numbers: Any, start: Any, step: Any, lanes: Any) -> Any:
    """The tile with numbers[start + i * step] times the lanes added to each row i."""

    def write(code: Code, values: Any) -> Any:
        whole, array, first, stride, factors = values
        number, lane_of = code.type_of(numbers.dtype), ir.VectorType(ir.IntType(32), lanes.count)
        nothing, fused = ir.Constant(code.type_of(lanes), ir.Undefined), _fused(code, lanes)
        for row in range(tile.rows):
            index = code.builder.add(first, code.builder.mul(stride, _INDEX(row)))
            one = code.builder.insert_element(nothing, code.load(numbers, (array, index), number), ir.IntType(32)(0))
            spread = code.builder.shuffle_vector(one, nothing, ir.Constant(lane_of, None))
            total = code.builder.call(fused, [spread, factors, code.builder.extract_value(whole, row)])
            whole = code.builder.insert_value(whole, total, row)
        return whole

    del start, step
    return tile(tile, numbers, types.intp, types.intp, lanes), write


@operation
def add_to(_: Any, tile: Any, array: Any, places: Any, first: Any, shift: Any) -> Any:
    """Add the tile to the array: row i at places[first + i] + shift and the elements behind it."""

    def write(code: Code, values: Any) -> Any:
        whole, data, where, start, behind = values
        row_of = code.type_of(tile.lanes)
        for row in range(tile.rows):
            index = code.builder.add(start, _INDEX(row))
            place = code.builder.add(code.load(places, (where, index), code.type_of(places.dtype)), behind)
            target = code.place(array, (data, place), row_of)
            total = code.builder.fadd(
                code.builder.load(target, align=item_bytes(array)), code.builder.extract_value(whole, row)
            )
            code.builder.store(total, target, align=item_bytes(array))
        return code.context.get_dummy_value()

    del first, shift
    return types.void(tile, array, places, types.intp, types.intp), write


def _fused(code: Code, lanes: Any) -> Any:
    """LLVM's a * b + c of lanes, rounded once."""
    of, row = {"float32": "f32", "float64": "f64"}[str(lanes.element)], code.type_of(lanes)
    name = f"llvm.fma.v{lanes.count}{of}"
    return code.builder.module.declare_intrinsic(name, (), ir.FunctionType(row, [row] * 3))
