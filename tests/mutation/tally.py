"""How many mutants the tests killed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.mutation.ledger import KEY, Explanations, key_of
from tests.mutation.mutant import Mutant
from tests.mutation.workshop import Verdict

ALLOWED = 0.05


@dataclass(frozen=True)
class Tally:
    """Of the mutants of one package, or of all."""

    package: str
    mutants: int
    failed: int
    timeout: int
    explained: int
    unexplained: int

    @property
    def survived(self) -> int:
        """Explained or not."""
        return self.explained + self.unexplained

    @classmethod
    def of(cls, package: str, verdicts: Mapping[Mutant, Verdict], explanations: Explanations) -> Tally:
        """Count them."""
        left = [mutant for mutant, verdict in verdicts.items() if not verdict.killed]
        explained = sum(1 for mutant in left if explanations.of(mutant))
        how = [verdict.how for verdict in verdicts.values()]
        return cls(package, len(how), how.count("failed"), how.count("timeout"), explained, len(left) - explained)

    def row(self) -> str:
        """Of the table in docs/validation.md."""
        share = 100 * self.survived / self.mutants if self.mutants else 0.0
        counts = (self.mutants, self.failed, self.timeout, self.explained, self.unexplained)
        return " | ".join([f"| {self.package}", *map(str, counts), f"{share:.1f} % |"])


HEAD = "| package | mutants | a test failed | timed out | survived, explained | survived, unexplained | survived |\n"
HEAD += "|---|---:|---:|---:|---:|---:|---:|"


def table(verdicts: Mapping[str, Mapping[Mutant, Verdict]], explanations: Explanations) -> str:
    """Markdown: a row a package, and all."""
    together = {mutant: verdict for each in verdicts.values() for mutant, verdict in each.items()}
    tallies = [Tally.of(package, each, explanations) for package, each in verdicts.items()]
    return "\n".join([HEAD, *(each.row() for each in [*tallies, Tally.of("all", together, explanations)])])


DESCRIBED = (*KEY, "why", "how", "line")


def described(mutant: Mutant, verdict: Verdict, why: str) -> Sequence[str]:
    """A line of the file of survivors, of which the first columns are those of an explanation."""
    return [*key_of(mutant), why, verdict.how, f"{mutant.file}:{mutant.line}"]
