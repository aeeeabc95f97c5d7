"""`lifsim report`: stored runs as one HTML file."""

from __future__ import annotations

from pathlib import Path

import click

from lifsim.cli.html_option import place_html
from lifsim.cli.say import say


@click.command(
    epilog="""\b
Examples:
  lifsim run --workload lenet5_mnist --sharing layer --out results/alone
  lifsim report results/alone
  lifsim compare --workload lenet5_mnist --sharing none,channel2 \\
      --out results/pair
  lifsim report results/pair --baseline none \\
      --out results/pair.html
"""
)
@click.argument("folders", metavar="RUN...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--out", type=click.Path(path_type=Path),
    help="File of the report. Default: report.html in the folder of the run; of several runs reports/comparison.html, "
    "numbered if that holds another report.",
)  # fmt: skip
@click.option(
    "--baseline", metavar="RUN", help="The run that changes are relative to: its label or number. Default: the first."
)
@click.option(
    "--stored-only", is_flag=True,
    help="Do not repeat the runs: the report then lacks roofline, schedule and timeline, which are not stored.",
)  # fmt: skip
@click.option("--force", is_flag=True, help="Overwrite --out.")
def report(folders: tuple[Path, ...], out: Path | None, baseline: str | None, stored_only: bool, force: bool) -> None:
    """Write one self-contained HTML file about one stored run, or several compared: results, charts, and where every
    figure comes from. It needs no network connection.

    RUNs are folders that lifsim run or lifsim compare has written. They do not hold when each layer works on what: for
    that, the run is repeated with its config.resolved.yaml, and used if its figures equal the stored ones.
    """
    from lifsim.cli.watching import watching
    from lifsim.placing import check_page, place_file, place_numbered
    from lifsim.report.html.write import report_of_runs
    from lifsim.report.save import HTML

    if out is not None:
        check_page(out, "out", replace=force)
    with watching() as watch:
        found = report_of_runs(folders, baseline=baseline, again=not stored_only, watch=watch)
    if out is not None:
        place_html(out, found.page, replace=force)
    elif len(found.folders) == 1:
        # A report of this very run is all that can be there: a newer one takes its place.
        say(str(place_file(found.folders[0] / HTML, found.page, replace=True)), err=True)
    else:
        say(str(place_numbered(Path("reports") / "comparison.html", found.page)), err=True)
