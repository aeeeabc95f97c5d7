"""What became of the mutants: a CSV to which each is added when it is decided, and the survivors that are explained."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.mutation.mutant import Mutant
from tests.mutation.workshop import Verdict

EXPLAINED = Path(__file__).with_name("survivors.csv")
COLUMNS = ("name", "function", "before", "how", "by")


def flat(text: str) -> str:
    """On one line, so that a move or another line break leaves an explanation valid."""
    return " ".join(text.split())


class Ledger:
    """The verdicts in the file at `path`, which need not exist."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[tuple[str, str], Verdict] = {}
        if path.exists():
            with path.open(newline="") as rows:
                for row in csv.DictReader(rows):
                    self._known[row["name"], row["before"]] = Verdict(row["how"], row["by"])
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._append(COLUMNS)

    def verdict(self, mutant: Mutant) -> Verdict | None:
        """Of an earlier run; those that survived are tried again, for tests may have come."""
        found = self._known.get((mutant.name, mutant.before))
        return found if found and found.killed else None

    def add(self, mutant: Mutant, verdict: Verdict) -> None:
        """Write it down."""
        self._known[mutant.name, mutant.before] = verdict
        self._append((mutant.name, mutant.function, mutant.before, verdict.how, verdict.by))

    def _append(self, row: Iterable[str]) -> None:
        with self._path.open("a", newline="") as file:
            csv.writer(file).writerow(row)


@dataclass(frozen=True)
class Explanations:
    """Why some mutants survive.

    why: of a file's name, function, line, text before and after. The folder may change, and so may the line's number.
    """

    why: dict[tuple[str, ...], str]

    @classmethod
    def load(cls, path: Path = EXPLAINED) -> Explanations:
        """From the table beside this module."""
        with path.open(newline="") as rows:
            return cls({tuple(row[key] for key in KEY): row["why"] for row in csv.DictReader(rows)})

    def of(self, mutant: Mutant) -> str:
        """Empty where there is none."""
        return self.why.get(key_of(mutant), "")


KEY = ("file", "function", "code", "before", "after")


def key_of(mutant: Mutant) -> tuple[str, ...]:
    """The columns of `KEY`."""
    return Path(mutant.file).name, mutant.function, mutant.code, flat(mutant.before), flat(mutant.after)
