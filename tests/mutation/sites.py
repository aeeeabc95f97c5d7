"""Every mutant of a source file.

Left alone: docstrings, annotations, decorators, what only a type checker reads, errors and their texts, assertions,
logging, `__repr__`: a change there changes no figure.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from tests.mutation import edits
from tests.mutation.mutant import Mutant

SPOKEN = {"TypeVar", "NewType", "Fault", "InputError", "getLogger", "debug", "info", "warning", "warn", "hint"}
"""Calls that are not mutated, nor anything inside them: types and words."""
CACHES = {"cache", "lru_cache"}
"""Nor are these: how much is kept changes no figure."""
SILENT = {"__repr__", "__str__"}


def mutants(file: str, source: bytes) -> list[Mutant]:
    """In the order of the file."""
    sites = _Sites(file, source)
    sites.visit(ast.parse(source))
    return sorted(sites.found, key=lambda mutant: (mutant.start, mutant.end, mutant.operator, mutant.after))


_Placed = ast.expr | ast.stmt | ast.keyword


class _Sites(ast.NodeVisitor):
    def __init__(self, file: str, source: bytes) -> None:
        self.found: list[Mutant] = []
        self._file, self._source, self._scope = file, source, list[str]()
        self._offsets = [0]
        for line in source.splitlines(keepends=True):
            self._offsets.append(self._offsets[-1] + len(line))

    def _span(self, first: _Placed, last: _Placed) -> tuple[int, int]:
        start = self._offsets[first.lineno - 1] + first.col_offset
        return start, self._offsets[(last.end_lineno or last.lineno) - 1] + (last.end_col_offset or 0)

    def _text(self, first: _Placed, last: _Placed) -> str:
        start, end = self._span(first, last)
        return self._source[start:end].decode()

    def _put(self, operator: str, line: int, span: tuple[int, int], after: str) -> None:
        function, before = ".".join(self._scope) or "<module>", self._source[slice(*span)].decode()
        code = self._source[self._offsets[line - 1] : self._offsets[line]].decode().strip()
        self.found.append(Mutant(self._file, line, *span, function, operator, before, after, code))

    def _add(self, operator: str, node: ast.expr | ast.stmt, changed: Iterable[ast.expr | ast.stmt]) -> None:
        for each in changed:
            text = ast.unparse(ast.fix_missing_locations(each))
            after = text if isinstance(node, ast.stmt | ast.Constant) else f"({text})"
            self._put(operator, node.lineno, self._span(node, node), after)

    def _visit_all(self, nodes: Iterable[ast.AST | None]) -> None:
        for node in nodes:
            if node is not None:
                self.visit(node)

    def _visit_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        if node.name in SILENT:
            return
        self._scope.append(node.name)
        self._visit_all([*node.args.defaults, *node.args.kw_defaults, *node.body])
        self._scope.pop()

    visit_FunctionDef = _visit_function  # noqa: N815
    visit_AsyncFunctionDef = _visit_function  # noqa: N815

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._scope.append(node.name)
        self._visit_all(node.body)
        self._scope.pop()

    def _skip(self, node: ast.AST) -> None:
        pass

    visit_Raise = visit_Assert = visit_JoinedStr = visit_Import = visit_ImportFrom = _skip  # noqa: N815

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self._visit_all([node.value])

    def visit_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Constant) or (
            isinstance(node.value, ast.Call) and edits.called(node.value) in SPOKEN
        ):
            return
        if not isinstance(node.value, ast.Yield | ast.YieldFrom):  # without it a generator is none
            self._add("statement dropped", node, [ast.Pass()])
        self.visit(node.value)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self._add("statement dropped", node, [ast.Pass()])
        if type(node.op) in edits.CALCULATED:
            changed = ast.AugAssign(node.target, edits.CALCULATED[type(node.op)](), node.value)
            self._add("operator", node, [changed])
        self.visit(node.value)

    def visit_If(self, node: ast.If) -> None:
        if "TYPE_CHECKING" in ast.unparse(node.test):
            self._visit_all(node.orelse)
            return
        self._visit_condition(node.test)
        self._visit_all([*node.body, *node.orelse])

    def visit_While(self, node: ast.While) -> None:
        self._visit_condition(node.test)
        self._visit_all([*node.body, *node.orelse])

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self._visit_condition(node.test)
        self._visit_all([node.body, node.orelse])

    def visit_comprehension(self, node: ast.comprehension) -> None:
        self._visit_all([node.iter])
        for condition in node.ifs:
            self._visit_condition(condition)

    def _visit_condition(self, test: ast.expr) -> None:
        single = isinstance(test, ast.Compare) and type(test.ops[0]) in (ast.Eq, ast.NotEq, ast.Is, ast.IsNot, ast.In)
        if not single and not isinstance(test, ast.UnaryOp):  # else the flipped operator is the same mutant
            self._add("condition", test, [edits.negated(test)])
        self.visit(test)

    def visit_Compare(self, node: ast.Compare) -> None:
        self._add("comparison", node, edits.comparisons(node))
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        self._add("operator", node, edits.sums(node))
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        self._add("and/or", node, edits.connectives(node))
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        self._add("sign", node, edits.signs(node))
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        self._add("constant", node, edits.constants(node))

    def visit_keyword(self, node: ast.keyword) -> None:
        if node.arg not in edits.HARMLESS:
            self.visit(node.value)

    def visit_Call(self, node: ast.Call) -> None:
        name = edits.called(node)
        if name in SPOKEN | CACHES:
            return
        if name == "cast":
            self._visit_all(node.args[1:])
            return
        self._add("function", node, edits.names(node))
        for left, right in edits.swapped(node):
            after = f"{self._text(right, right)}, {self._text(left, left)}"
            self._put("arguments", left.lineno, self._span(left, right), after)
        for keyword in edits.keywords(node):
            start, end = self._span(keyword, keyword)
            after_it = self._source[end:].lstrip()
            end = len(self._source) - len(after_it) + 1 if after_it.startswith(b",") else end
            self._put("keyword", keyword.lineno, (start, end), "")
        self.generic_visit(node)
