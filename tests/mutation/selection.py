"""Which tests may notice a mutant, the most telling and the fastest first.

A test that fills a cache hides the lines behind it from those that read it. So the tests that run the line come first,
then those that run anything of its file. A package's own tests come before those of the others, and the fastest of
every file of tests before the second fastest, for each file looks at something else.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.mutation.mutant import Mutant

COMPILED = -1
"""The line under which the map keeps those that run the file as machine code; 0 is Python's for a module as a whole."""


@dataclass(frozen=True)
class Limits:
    """Of the tests of one mutant: how many, and how long they take without it."""

    tests: int = 200
    seconds: float = 180.0


@dataclass(frozen=True)
class Ran:
    """What ran what, as `contexts` wrote it down.

    tests: names and seconds. lines: of a file and a line, the numbers of the tests.
    """

    tests: list[tuple[str, float]]
    lines: dict[str, dict[int, list[int]]]

    @classmethod
    def load(cls, paths: Iterable[Path]) -> Ran:
        """Of several runs, each with its own tests, together."""
        tests: list[tuple[str, float]] = []
        lines: dict[str, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
        for path in paths:
            found = json.loads(path.read_text())
            for file, each in found["lines"].items():
                for line, by in each.items():
                    lines[file][int(line)] += [len(tests) + test for test in by]
            tests += [(name, seconds) for name, seconds in found["tests"]]
        return cls(tests, lines)

    def compiled(self, file: str) -> bool:
        """Whether machine code is made of it."""
        return COMPILED in self.lines.get(file, {})

    def select(self, mutant: Mutant, own: tuple[str, ...], limits: Limits) -> dict[str, float]:
        """The tests in the order in which they run, and the seconds that each takes without the mutant.

        own: the folders of the package's tests.
        """
        chosen: dict[str, float] = {}
        for name, seconds in self._ranked(mutant, own):
            if not chosen or sum(chosen.values()) + seconds <= limits.seconds:
                chosen[name] = seconds
            if len(chosen) == limits.tests:
                break
        return chosen

    def _ranked(self, mutant: Mutant, own: tuple[str, ...]) -> Iterator[tuple[str, float]]:
        lines = self.lines.get(mutant.file, {})
        height = mutant.before.count("\n")
        near = {test for line in range(mutant.line, mutant.line + height + 1) for test in lines.get(line, ())}
        near |= set(lines.get(COMPILED, ()))
        anywhere = {test for by in lines.values() for test in by} - near

        for group in (near, anywhere):
            seen: Counter[str] = Counter()
            ranks: list[tuple[bool, int, float, str]] = []
            for name, seconds in sorted((self.tests[test] for test in group), key=lambda test: test[1]):
                of_file = name.partition("::")[0]
                ranks.append((not name.startswith(own), seen[of_file], seconds, name))
                seen[of_file] += 1
            yield from ((name, seconds) for _, _, seconds, name in sorted(ranks))
