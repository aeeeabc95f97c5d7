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
    """One run, or several beside each other, as one HTML file `out` that needs no network (docs/report.md); its path.

    runs: results, or folders that `lifsim run` or `lifsim compare` has written. baseline: label or number (from 1) of
    the run of several that changes are against; None: the first one. again: whether runs may be made for what is not
    there: of one result those without sharing and at other rates, so that it has the very report of `lifsim run
    --html`; of folders what is not stored, the roofline, the schedule and the timeline. force: whether another file may
    be there. watch: called as watch(work, done, total) while runs are made.

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
