"""Does every benchmark still find what it calls? They run by hand, so that a rename would break them unseen."""

from __future__ import annotations

import ast
import importlib
import runpy
from pathlib import Path

import pytest

BENCHMARKS = sorted((Path(__file__).parents[1] / "benchmarks").glob("*.py"))

PEERS = {"torch", "snntorch", "norse", "spikingjelly"}
"""What benchmarks compare with, and what need not be installed."""


def imports(path: Path) -> list[ast.ImportFrom | ast.Import]:
    """Wherever they stand in the file."""
    return [
        node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.ImportFrom | ast.Import)
    ]


def needs_a_peer(path: Path) -> bool:
    """Whether it cannot be imported without one of them."""
    tops = [node for node in ast.parse(path.read_text("utf-8")).body if isinstance(node, ast.ImportFrom | ast.Import)]
    found = {(node.module or "") if isinstance(node, ast.ImportFrom) else node.names[0].name for node in tops}
    return any(name.partition(".")[0] in PEERS for name in found)


def test_there_are_benchmarks() -> None:
    assert len(BENCHMARKS) >= 10
    assert sum(map(needs_a_peer, BENCHMARKS)) == 2


@pytest.mark.parametrize("path", BENCHMARKS, ids=lambda path: path.stem)
def test_what_a_benchmark_imports_of_lifsim_is_there(path: Path) -> None:
    """Of those that compare with other packages, too."""
    for node in imports(path):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in ("lifsim", "tests"):
            module = importlib.import_module(node.module or "")
            assert [alias.name for alias in node.names if not hasattr(module, alias.name)] == []


@pytest.mark.parametrize("path", [path for path in BENCHMARKS if not needs_a_peer(path)], ids=lambda path: path.stem)
def test_a_benchmark_is_a_module(path: Path) -> None:
    """Nothing runs until it is asked."""
    pytest.importorskip("pytest_benchmark")
    assert "__doc__" in runpy.run_path(str(path), run_name="benchmark")
