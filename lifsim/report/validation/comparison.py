"""One figure twice: as another tool gives it, and as LIFSim does."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from lifsim.config.document import read_document
from lifsim.errors import Fault, InputError
from lifsim.interchange.text import read_text

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

    TOLERANCE: the relative deviation that is allowed; 0 where figures must be equal. compare: the comparisons from the
    folder of reference figures; raises InputError where what it needs is not there.
    """

    @property
    def TITLE(self) -> str: ...  # noqa: N802

    @property
    def INTRO(self) -> str: ...  # noqa: N802

    @property
    def TOLERANCE(self) -> float: ...  # noqa: N802

    def compare(self, reference: Path) -> list[Comparison]: ...


@dataclass(frozen=True)
class Verdict:
    """A section and what came of it."""

    title: str
    intro: str
    tolerance: float
    comparisons: tuple[Comparison, ...]

    @classmethod
    def of(cls, section: Section, reference: Path) -> Verdict:
        """Compare. Raises InputError where the reference lacks something."""
        try:
            comparisons = tuple(section.compare(reference))
        except (LookupError, TypeError, ValueError) as error:  # what a table that is none leads to
            message = f"must hold the figures of {section.TITLE!r}: {type(error).__name__} {error}"
            raise InputError(Fault(message, source=str(reference))) from error
        return cls(section.TITLE, section.INTRO, section.TOLERANCE, comparisons)

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


def need(reference: Path, *names: str) -> None:
    """Refuse a reference folder without the files `names`, naming all that are missing."""
    missing = [Fault("must be there", source=str(reference / n)) for n in names if not (reference / n).is_file()]
    if missing:
        raise InputError(missing)


def yaml_figures(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file of figures."""
    data = read_document(path).data
    if not isinstance(data, dict):
        raise InputError(Fault("must be a mapping", source=str(path)))
    return data


def csv_rows(path: Path) -> Iterable[dict[str, str]]:
    """The rows of a CSV file of figures; lines that start with # are comments."""
    import csv

    return csv.DictReader(line for line in read_text(path).splitlines() if not line.startswith("#"))
