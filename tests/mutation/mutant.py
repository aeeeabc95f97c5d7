"""One small fault in one file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """`before`, at bytes `start` to `end` of the file and beginning on `line` of `function`, becomes `after`.

    code: the line, to know the mutant again where lines have moved.
    """

    file: str
    line: int
    start: int
    end: int
    function: str
    operator: str
    before: str
    after: str
    code: str = ""

    @property
    def name(self) -> str:
        """Tells it from every other mutant of the same sources."""
        return f"{self.file}:{self.line}:{self.start}:{self.operator}:{self.after}"

    def apply(self, source: bytes) -> bytes:
        """The file with the fault. The text that it replaces must be there."""
        found = source[self.start : self.end].decode()
        if found != self.before:
            raise ValueError(f"{self.file}:{self.line} has {found!r} where the mutant has {self.before!r}")
        return source[: self.start] + self.after.encode() + source[self.end :]
