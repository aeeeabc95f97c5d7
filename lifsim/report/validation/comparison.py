"""A figure of another tool, and LIFSim's."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from lifsim.errors import Fault, InputError
from lifsim.interchange.text import read_text
from lifsim.lazy_dataclass import dataclass
from lifsim.report.validation.references import References

FLOAT_ROUNDING = 1e-12


@dataclass(frozen=True)
class Comparison:
    """`reference` and `lifsim` in `unit` ("" for counts)."""

    item: str
    reference: float
    lifsim: float
    unit: str = ""

    @property
    def deviation(self) -> float:
        """(lifsim - reference) / |reference|; 0 where they differ by the rounding of floats alone; infinite where only
        the reference is 0."""
        if math.isclose(self.lifsim, self.reference, rel_tol=FLOAT_ROUNDING):
            return 0.0
        difference = self.lifsim - self.reference
        return difference / abs(self.reference) if self.reference else math.copysign(math.inf, difference)


class Section(Protocol):
    """What a module of this package offers.

    TOLERANCE: the relative deviation that is allowed; 0 where figures must be equal. LARGE: the files that do not come
    with LIFSim and are left out where there is no folder of them. compare: the comparisons with what is there; raises
    InputError where a file does not hold what it should.
    """

    @property
    def TITLE(self) -> str: ...  # noqa: N802

    @property
    def INTRO(self) -> str: ...  # noqa: N802

    @property
    def TOLERANCE(self) -> float: ...  # noqa: N802

    @property
    def LARGE(self) -> tuple[str, ...]: ...  # noqa: N802

    def compare(self, references: References) -> list[Comparison]: ...


@dataclass(frozen=True)
class Verdict:
    """A section and what came of it; `left_out` are the files of figures that were not there to compare with."""

    title: str
    intro: str
    tolerance: float
    comparisons: tuple[Comparison, ...]
    left_out: tuple[str, ...] = ()

    @classmethod
    def of(cls, section: Section, references: References) -> Verdict:
        """Compare. Raises InputError if a file does not hold the figures that it should."""
        try:
            comparisons = tuple(section.compare(references))
        except (LookupError, TypeError, ValueError) as error:  # what a table that is none leads to
            message = f"must hold the figures of {section.TITLE!r}: {type(error).__name__} {error}"
            raise InputError(Fault(message, source=str(references.folder or "shipped figures"))) from error
        left_out = tuple(name for name in section.LARGE if not references.has(name))
        return cls(section.TITLE, section.INTRO, section.TOLERANCE, comparisons, left_out)

    @property
    def worst(self) -> Comparison:
        """The comparison that deviates most."""
        return max(self.comparisons, key=lambda comparison: abs(comparison.deviation))

    @property
    def equal(self) -> int:
        """How many figures are equal."""
        return sum(comparison.deviation == 0 for comparison in self.comparisons)

    @property
    def beyond(self) -> tuple[Comparison, ...]:
        """The comparisons that deviate more than they may."""
        return tuple(c for c in self.comparisons if abs(c.deviation) > self.tolerance)


def csv_rows(path: Path) -> Iterable[dict[str, str]]:
    """The rows of a CSV file of figures; lines that start with # are comments."""
    import csv

    return csv.DictReader(line for line in read_text(path).splitlines() if not line.startswith("#"))
