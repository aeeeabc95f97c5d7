"""The benchmarks: each file bench_NAME.py with a function `figures(session)` is the one called NAME.

Its title is the first sentence of the file's documentation.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from benchmarks.frame.figure import Figure
from benchmarks.frame.session import Session

FOLDER = Path(__file__).parents[1]


@dataclass(frozen=True)
class Benchmark:
    """figures: yields each as soon as it is measured; may be called again."""

    name: str
    title: str
    figures: Callable[[Session], Iterator[Figure]]


def benchmarks() -> dict[str, Benchmark]:
    """By name, the limits of the machine first: other figures are held against them."""
    files = sorted(FOLDER.glob("bench_*.py"), key=lambda file: (file.stem != "bench_roofline", file.stem))
    found = {}
    for file in files:
        module = import_module(f"{FOLDER.name}.{file.stem}")
        if hasattr(module, "figures"):
            name = file.stem.removeprefix("bench_")
            title = re.match(r".*?[.?](?=\s|$)", module.__doc__ or "")
            found[name] = Benchmark(name, title[0] if title else name, module.figures)
    return found
