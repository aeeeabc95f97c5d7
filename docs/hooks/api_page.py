"""The public names of the package, with their docstrings, by mkdocstrings."""

from __future__ import annotations

import json
from types import FunctionType

import lifsim

PAGE = "reference/api.md"
GROUPS = {
    "To run": ("run", "sweep", "compare", "beside_none", "write_report"),
    "Inputs": ("load_arch", "load_workload", "record", "prices"),
    "A batch through the engine": ("infer", "gradients"),
    "What they give and take": ("Result", "Arch", "Network", "Sharing", "Options", "Recording", "InputError"),
    "Figures": ("plot",),
}
"""What belongs together; a public name in none of them stands at the end."""


def pages() -> dict[str, str]:
    """The page by its path."""
    named = {name for group in GROUPS.values() for name in group} | {"__version__"}
    groups = GROUPS | {"More": tuple(sorted(set(lifsim.__all__) - named))}
    lines = ["# The Python API", "", "What `import lifsim` offers; [From Python](../python.md) shows it at work.", ""]
    for title, names in groups.items():
        lines += [f"## {title}", ""] if names else []
        for name in names:
            lines += _plots() if name == "plot" else _entry(f"lifsim.{name}", _place(name))
            found = getattr(lifsim, name)
            lines[-1:] = (
                ["      members: ~", f"      filters: {_filters(found)}", ""] if isinstance(found, type) else [""]
            )
    return {PAGE: "\n".join(lines)}


def _place(name: str) -> str:
    found = getattr(lifsim, name)
    return f"{found.__module__}.{found.__qualname__}"


def _filters(found: type) -> str:
    """Members that are shown: those of nobody's own, and no rules, which are what a file is checked by."""
    functions = {name: member for name, member in vars(found).items() if isinstance(member, FunctionType)}
    rules = (name for name, member in functions.items() if hasattr(member, "is_rule"))
    return json.dumps(["!^_", *(f"!^{name}$" for name in rules)])


def _plots() -> list[str]:
    return [
        line
        for name in lifsim.plot.__all__
        for line in _entry(f"lifsim.plot.{name}", f"{getattr(lifsim.plot, name).__module__}.{name}")
    ]


def _entry(heading: str, place: str) -> list[str]:
    return [f"::: {place}", "    options:", f"      heading: {heading}", f"      toc_label: {heading}", ""]
