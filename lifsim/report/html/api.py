"""`lifsim.write_report`: what `lifsim report` does, from Python."""

from __future__ import annotations

from pathlib import Path

from lifsim.errors import Fault, InputError, collecting
from lifsim.placing import check_page, place_file
from lifsim.report.compare.api import given_run
from lifsim.report.html.write import report_of_runs
from lifsim.simulate.api import Name, name_of
from lifsim.simulate.result import Result
from lifsim.watch import Watch, unwatched


def write_report(
    *runs: Result | Name,
    out: Name,
    baseline: str | int | None = None,
    again: bool = True,
    force: bool = False,
    watch: Watch = unwatched,
) -> Path:
    """Write one run, or several compared, as one self-contained HTML file `out` (docs/report.md), and return its path.

    runs: results, or folders written by `lifsim run` or `lifsim compare`. baseline: label or number (from 1) of the run
    that changes are relative to; None: the first one. again: whether missing runs may be made: for a result, those
    without sharing and at other rates, so that its report equals that of `lifsim run --html`; for folders, the run
    itself, for roofline, schedule and timeline, which are not stored. force: whether an existing file may be
    overwritten. watch: called as watch(work, done, total) while runs are made.

    Raises InputError with every fault of the runs and of `out`.
    """
    faults, given = list[Fault](), list[Result | Path]()
    if not runs:
        faults.append(Fault("must be given: results, or folders of runs", path="runs"))
    for one in runs:
        with collecting(faults):
            given.append(given_run(one))
    with collecting(faults):
        check_page(Path(name_of(out, "out")), "out", replace=force)
    if faults:
        raise InputError(faults)
    report = report_of_runs(given, baseline=baseline, again=again, watch=watch)
    return place_file(Path(out), report.page, replace=force).path
