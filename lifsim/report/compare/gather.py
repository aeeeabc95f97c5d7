"""The runs of a comparison: existing ones, and those to be made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from lifsim.errors import Fault, InputError, collecting
from lifsim.lazy_dataclass import dataclass
from lifsim.report.compare.chosen import Chosen
from lifsim.report.compare.compared import Compared
from lifsim.report.compare.keep import runs_in
from lifsim.report.compare.made import Keep, made
from lifsim.report.compare.runs import Run, find_run, labelled_apart, read_stored
from lifsim.simulate.result import Result
from lifsim.sweeps.combinations import Asked, Wanted, combinations
from lifsim.watch import Watch, unwatched


def not_kept(_label: str, _result: Result) -> None:
    """The figures are enough."""


@dataclass(frozen=True)
class Gathered:
    """there: runs that need not be made; asked: those that must, behind them. baseline: the index of the one that
    changes are against, None: the first that there is."""

    there: tuple[Run, ...]
    asked: tuple[Asked, ...]
    baseline: int | None
    chosen: Chosen

    def compared(self, watch: Watch = unwatched, keep: Keep = not_kept, jobs: int = 1) -> Compared:
        """The comparison, once all runs are made on `jobs` processes. Raises InputError if none is left, or if the
        baseline is missing."""
        return Compared.of([*self.there, *made(self.asked, watch, keep, jobs)], self.baseline, self.chosen)


def gathered(
    given: Sequence[Result | Path], wanted: Wanted | None, baseline: str | int | None, rows: Sequence[str]
) -> Gathered:
    """`given` runs, stored ones read, and those that are `wanted`. baseline: what finds the run that changes are
    against, by label or number; rows: names of groups and figures. Raises InputError with all that is wrong."""
    faults: list[Fault] = []
    there: tuple[Run, ...] = ()
    asked: tuple[Asked, ...] = ()
    with collecting(faults):
        there = _there(given)
    with collecting(faults):
        asked = combinations(wanted) if wanted is not None else ()
    labels = labelled_apart([*(one.label for one in there), *(one.label for one in asked)])
    there = tuple(replace(one, label=label) for one, label in zip(there, labels, strict=False))
    asked = tuple(replace(one, label=label) for one, label in zip(asked, labels[len(there) :], strict=True))
    place, chosen = None, Chosen()
    if not faults and baseline is not None:  # else runs are missing that it might find
        with collecting(faults):
            place = find_run(baseline, labels)
    with collecting(faults):
        chosen = Chosen.of(rows, there)
    if faults:
        raise InputError(faults)
    return Gathered(there, asked, place, chosen)


def _there(given: Sequence[Result | Path]) -> tuple[Run, ...]:
    """In their order; the folder of a comparison stands for the runs in it, which are called as it called them."""
    whole, faults = list[tuple[str | None, Result | Path]](), list[Fault]()
    for one in given:
        with collecting(faults):
            kept = runs_in(one) if isinstance(one, Path) else {}
            whole += kept.items() if kept else [(None, one)]
    read: tuple[Run, ...] = ()
    with collecting(faults):
        read = read_stored([one for _, one in whole if isinstance(one, Path)])
    if faults:
        raise InputError(faults)
    stored = iter(read)
    found = []
    for label, one in whole:
        run = Run.of(one.name, one) if isinstance(one, Result) else next(stored)
        found.append(run if label is None else replace(run, label=label))
    return tuple(found)
