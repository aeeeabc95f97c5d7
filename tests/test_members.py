"""Does only the member itself know its name?"""

from __future__ import annotations

import ast
from pathlib import Path

from lifsim.neurons import NEURONS
from lifsim.registry import registry_of

PACKAGE = Path(__file__).parents[1] / "lifsim"


def modules_but(*members: str) -> dict[str, ast.Module]:
    """The modules of LIFSim that are none of `members`, by name."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(["lifsim", *path.relative_to(PACKAGE).with_suffix("").parts])
        if name not in members:
            found[name] = ast.parse(path.read_text(encoding="utf-8"))
    return found


def test_nobody_imports_a_neuron_model() -> None:
    """So that nobody can ask whether a neuron is one of them."""
    members = {NEURONS.origin(name).module for name in NEURONS}
    assert len(members) == len(NEURONS)
    for name, tree in modules_but(*members).items():
        imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        imported |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        assert not imported & members, name


def test_nobody_compares_with_the_name_of_a_neuron_model() -> None:
    names = set(registry_of("neuron"))
    members = {NEURONS.origin(name).module for name in NEURONS}
    for name, tree in modules_but(*members).items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Compare) and any(word in ast.unparse(node) for word in ("neuron", "model")):
                said = {part.value for part in ast.walk(node) if isinstance(part, ast.Constant)}
                assert not said & names, f"{name}:{node.lineno} {ast.unparse(node)}"
            if isinstance(node, ast.MatchValue) and isinstance(node.value, ast.Constant):
                assert node.value.value not in names, f"{name}:{node.value.lineno}"
