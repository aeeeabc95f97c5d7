"""What may go wrong at one node of a syntax tree: each generator yields the nodes that may stand in its place."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from itertools import pairwise

COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
CALCULATED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitOr,
}
RENAMED = {"min": "max", "minimum": "maximum", "ceil": "floor", "any": "all", "cumsum": "cumprod"} | {
    "max": "min",
    "maximum": "minimum",
    "floor": "ceil",
    "all": "any",
    "argmin": "argmax",
    "argmax": "argmin",
}
SYMMETRIC = {
    "min",
    "max",
    "minimum",
    "maximum",
    "gcd",
    "lcm",
    "zip",
    "isinstance",
    "hypot",
    "logical_and",
    "logical_or",
}
"""Calls whose arguments may be swapped: zip's names would be swapped with them by most who read it, or it fails."""
HARMLESS = {"strict", "encoding", "newline", "prefix", "stacklevel"}
"""Keywords whose lack changes no figure on a machine where the tests pass."""


def called(node: ast.Call) -> str:
    """The last word of the name of what it calls."""
    name = node.func
    return name.id if isinstance(name, ast.Name) else name.attr if isinstance(name, ast.Attribute) else ""


def comparisons(node: ast.Compare) -> Iterator[ast.expr]:
    for index, operator in enumerate(node.ops):
        changed = copy.deepcopy(node)
        changed.ops[index] = COMPARED[type(operator)]()
        yield changed


def sums(node: ast.BinOp) -> Iterator[ast.expr]:
    words = any(
        isinstance(side, ast.JoinedStr | ast.List | ast.Tuple) or is_text(side) for side in (node.left, node.right)
    )
    if type(node.op) in CALCULATED and not words:
        changed = copy.deepcopy(node)
        changed.op = CALCULATED[type(node.op)]()
        yield changed


def is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)


def constants(node: ast.Constant) -> Iterator[ast.expr]:
    value = node.value
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int | float):
        yield ast.Constant(value + 1)
        if value >= 1:
            yield ast.Constant(value - 1)


def connectives(node: ast.BoolOp) -> Iterator[ast.expr]:
    changed = copy.deepcopy(node)
    changed.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
    yield changed


def signs(node: ast.UnaryOp) -> Iterator[ast.expr]:
    """A `not`, a `~` or a minus less."""
    if not isinstance(node.op, ast.UAdd):
        yield node.operand


def negated(test: ast.expr) -> ast.expr:
    return ast.UnaryOp(ast.Not(), test)


def names(node: ast.Call) -> Iterator[ast.expr]:
    """The opposite function, also where it is a method."""
    if called(node) in RENAMED:
        changed = copy.deepcopy(node)
        if isinstance(changed.func, ast.Name):
            changed.func.id = RENAMED[changed.func.id]
        elif isinstance(changed.func, ast.Attribute):
            changed.func.attr = RENAMED[changed.func.attr]
        yield changed


def swapped(node: ast.Call) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Two neighbouring arguments that look alike and may be in each other's place."""
    if called(node) not in SYMMETRIC:
        for left, right in pairwise(node.args):
            alike = type(left) is type(right) and not is_text(left) and not isinstance(left, ast.Starred | ast.Lambda)
            if alike and ast.dump(left) != ast.dump(right):
                yield left, right


def keywords(node: ast.Call) -> Iterator[ast.keyword]:
    """Those that may be forgotten."""
    return (each for each in node.keywords if each.arg is not None and each.arg not in HARMLESS)
