"""Which mutants are tried: drawn with a seed, evenly over the lines of code that have any."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from tests.mutation.mutant import Mutant
from tests.mutation.sites import mutants
from tests.mutation.targets import Target


def candidates(root: Path, target: Target) -> list[Mutant]:
    """All mutants of the package in the tree at `root`, in the order of files and lines."""
    files = sorted(path.relative_to(root).as_posix() for path in (root / target.folder).rglob("*.py"))
    return [each for file in files if file not in target.skip for each in mutants(file, (root / file).read_bytes())]


def draw(found: Iterable[Mutant], count: int, seed: int) -> list[Mutant]:
    """At most one mutant a line, so that long files have many and dense lines no more than others.

    A smaller `count` draws the first ones of a greater, and a change of one file leaves the draw from the others.
    """
    by_line: dict[tuple[str, int], list[Mutant]] = defaultdict(list)
    for mutant in found:
        by_line[mutant.file, mutant.line].append(mutant)

    def lot(line: tuple[str, int]) -> int:
        return int.from_bytes(hashlib.sha256(f"{seed} {line}".encode()).digest())

    lines = sorted(by_line, key=lot)
    return [by_line[line][lot(line) % len(by_line[line])] for line in lines[:count]]
