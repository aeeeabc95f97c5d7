"""Reports as bytes: of a run just made, of runs just compared, of runs that are stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from lifsim.errors import Fault, InputError, collecting
from lifsim.lazy_dataclass import dataclass
from lifsim.report.compare.compared import Compared
from lifsim.report.compare.gather import gathered
from lifsim.report.html.again import made_again
from lifsim.report.html.beside import Beside
from lifsim.report.html.page import MOST_APART, page
from lifsim.report.html.told import ALONE, Told
from lifsim.report.summary import Around
from lifsim.simulate.result import Result
from lifsim.watch import Watch, part_of, unwatched


@dataclass(frozen=True)
class Report:
    """A page, and the folders of the runs that it is of."""

    page: bytes
    folders: tuple[Path, ...]


def report_of(result: Result, around: Around = ALONE) -> bytes:
    """Of one run, with those around it."""
    return page([Told.of_result(result.name, result, around)]).encode()


def report_beside(compared: Compared, results: Mapping[str, Result]) -> bytes:
    """Of runs that were just made, by label, beside each other."""
    runs = compared.runs if len(compared.runs) <= MOST_APART else ()
    told = [Told.of_result(run.label, results[run.label]) for run in runs]
    return page(told, Beside.of(compared)).encode()


def report_stored(
    folders: Sequence[Path], *, baseline: str | None = None, again: bool = True, watch: Watch = unwatched
) -> Report:
    """Of runs that are stored in `folders`, several beside each other. baseline: what finds the run that changes are
    against; again: whether they may be made again for what is not stored. Raises InputError with all that is wrong."""
    found = gathered(folders, None, baseline, ())
    if len(found.there) == 1 and baseline is not None:
        raise InputError(Fault("must come with several runs, of which it is one", path="baseline"))
    runs = [(run.label, Path(str(run.stored))) for run in found.there]
    told = _told(runs if len(runs) <= MOST_APART else [])
    if again:
        told = [
            made_again(one, folder, part_of(one.label, watch)) for one, (_, folder) in zip(told, runs, strict=False)
        ]
    beside = None if len(runs) == 1 else Beside.of(found.compared(watch))
    return Report(page(told, beside).encode(), tuple(folder for _, folder in runs))


def _told(runs: Sequence[tuple[str, Path]]) -> list[Told]:
    """Read from their folders, by label. Raises InputError with all that is wrong with any of them."""
    faults, told = list[Fault](), list[Told]()
    for label, folder in runs:
        with collecting(faults):
            told.append(Told.of_folder(label, folder))
    if faults:
        raise InputError(faults)
    return told
