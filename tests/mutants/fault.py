"""One planted fault."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Fault:
    """name: for people. file: of the package, whose text `old`, found exactly once, becomes `new`. tests: what pytest
    is to run, which must fail then."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]

    def found(self, root: Path) -> int:
        """How often the text stands in its file below `root`."""
        path = root / self.file
        return path.read_text(encoding="utf-8").count(self.old) if path.is_file() else 0

    def plant(self, root: Path) -> None:
        """Change the file below `root`."""
        path = root / self.file
        text = path.read_text(encoding="utf-8")
        if text.count(self.old) != 1:
            raise ValueError(f"{self.name}: {self.file} must have the text to be replaced exactly once")
        path.write_text(text.replace(self.old, self.new), encoding="utf-8")
