"""Does no function take more than seven parameters?"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.checkout import ROOT

MOST = 7


def _is_command(function: ast.FunctionDef) -> bool:
    """Click hands a command each of its options."""
    calls = [one.func for one in function.decorator_list if isinstance(one, ast.Call)]
    return any(isinstance(call, ast.Attribute) and call.attr == "command" for call in calls)


def _is_compiled(function: ast.FunctionDef) -> bool:
    """Numba's functions take no objects: those that it is told to compile, and the entry of a kernel, which makes
    arrays of addresses."""
    marked = any(isinstance(one, ast.Name) and one.id == "compiled" for one in function.decorator_list)
    calls = [one.func for one in ast.walk(function) if isinstance(one, ast.Call)]
    return marked or any(isinstance(call, ast.Name) and call.id == "carray" for call in calls)


def long_functions(source: str) -> Iterator[str]:
    """Those with more than seven parameters, keyword-only ones aside in the public API (functions without a leading
    underscore), where each is an option with a default."""
    for function in ast.walk(ast.parse(source)):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        given = function.args
        count = len([*given.posonlyargs, *given.args]) + bool(given.vararg) + bool(given.kwarg)
        options = [default for default in given.kw_defaults if default is not None]
        count += len(given.kwonlyargs) - (0 if function.name.startswith("_") else len(options))
        if count > MOST and not (_is_command(function) or _is_compiled(function)):
            yield function.name


def test_no_function_takes_more_than_seven_parameters() -> None:
    files = sorted((ROOT / "lifsim").rglob("*.py"))
    found = {f"{_place(file)}: {name}" for file in files for name in long_functions(file.read_text(encoding="utf-8"))}
    assert found == set()


def _place(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


@pytest.mark.parametrize(
    ("source", "long"),
    [
        ("def f(a, b, c, d, e, f, g): ...", []),
        ("def f(a, b, c, d, e, f, g, h): ...", ["f"]),
        ("def f(a, b, c, *, d=1, e=2, f=3, g=4, h=5): ...", []),
        ("def f(a, b, c, *, d, e, f, g, h): ...", ["f"]),
        ("def _f(a, b, c, *, d=1, e=2, f=3, g=4, h=5): ...", ["_f"]),
        ("class A:\n def f(self, a, b, c, d, e, f, **g): ...", ["f"]),
        ("@click.command()\ndef f(a, b, c, d, e, f, g, h): ...", []),
        ("@compiled\ndef f(a, b, c, d, e, f, g, h): ...", []),
        ("def f(a, b, c, d, e, f, g, h):\n return carray(a, b)", []),
    ],
)
def test_which_functions_are_long(source: str, long: list[str]) -> None:
    assert list(long_functions(source)) == long
