"""Reports as bytes: of a new run, of a new comparison, or of runs made or stored earlier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from lifsim.errors import Fault, InputError, collecting
from lifsim.lazy_dataclass import dataclass
from lifsim.report.around import around_of
from lifsim.report.compare.compared import Compared
from lifsim.report.compare.gather import Gathered, gathered
from lifsim.report.html.again import made_again
from lifsim.report.html.beside import Beside
from lifsim.report.html.page import MOST_APART, page
from lifsim.report.html.told import ALONE, Told
from lifsim.report.summary import Around
from lifsim.simulate.result import Result
from lifsim.watch import Watch, part_of, unwatched

Source = Result | Path
"""A run, or the folder in which it is stored."""


@dataclass(frozen=True)
class Report:
    """A page, and the folders of those of its runs that are stored."""

    page: bytes
    folders: tuple[Path, ...]


def report_of(result: Result, around: Around = ALONE) -> bytes:
    """The report of one run, with the runs around it."""
    return page([Told.of_result(result.name, result, around)]).encode()


def report_beside(compared: Compared, results: Mapping[str, Result], watch: Watch = unwatched) -> bytes:
    """The report of several runs. `results`, by label, were just made; stored runs are run again for figures that
    their folders lack. Raises InputError with everything that is wrong with them."""
    runs = {run.label: results.get(run.label) or Path(str(run.stored)) for run in compared.runs}
    return page(_told(runs, watch), Beside.of(compared)).encode()


def report_of_runs(
    given: Sequence[Source], *, baseline: str | int | None = None, again: bool = True, watch: Watch = unwatched
) -> Report:
    """The report of runs; a folder of a comparison stands for the runs in it. baseline: finds the run with which
    others are compared. again: whether runs may be made for figures that are missing: a stored run again, or the
    runs beside one that has no folder. Raises InputError with everything that is wrong."""
    found = gathered(given, None, baseline, ())
    if len(found.there) == 1 and baseline is not None:
        raise InputError(Fault("must come with several runs, of which it is one", path="baseline"))
    runs = _sources(found, given)
    folders = tuple(one for one in runs.values() if isinstance(one, Path))
    if len(runs) == 1 and not folders and again:
        (result,) = (one for one in given if isinstance(one, Result))
        return Report(report_of(result, around_of(result, watch)), folders)
    told = _told(runs, watch, again=again)
    if len(runs) == 1:
        return Report(page([one.alone for one in told]).encode(), folders)
    return Report(page(told, Beside.of(found.compared(watch))).encode(), folders)


def _sources(found: Gathered, given: Sequence[Source]) -> dict[str, Source]:
    """The sources, by label, of those `given` runs that `found` has."""
    results = (one for one in given if isinstance(one, Result))
    return {run.label: next(results) if run.stored is None else Path(run.stored) for run in found.there}


def _told(runs: Mapping[str, Source], watch: Watch, *, again: bool = True) -> list[Told]:
    """Each by itself, where they are few enough. Raises InputError with all that is wrong with any of them."""
    faults, told = list[Fault](), list[Told]()
    few = runs if len(runs) <= MOST_APART else {}
    for label, one in few.items():
        with collecting(faults):
            told.append(Told.of_result(label, one) if isinstance(one, Result) else Told.of_folder(label, one))
    if faults:
        raise InputError(faults)
    return [
        made_again(known, one, part_of(label, watch)) if again and isinstance(one, Path) else known
        for known, (label, one) in zip(told, few.items(), strict=True)
    ]
