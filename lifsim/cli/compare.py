"""`lifsim compare`: any number of runs in one table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lifsim.cli.completing import settings
from lifsim.cli.family import FamilyCommand, options_of
from lifsim.cli.html_option import html_option, place_html
from lifsim.cli.option_values import as_number
from lifsim.cli.say import say
from lifsim.cli.whole_simulation import WholeSimulation
from lifsim.errors import Fault, InputError, collecting
from lifsim.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from lifsim.report.compare.compared import Compared
    from lifsim.report.compare.gather import Gathered
    from lifsim.report.compare.made import Keep
    from lifsim.sweeps.combinations import Asked, Wanted

LISTED = ("groups", "exit_steps")
"""Options whose values contain commas: each is given once."""

NUMBERS = ("batch", "seed", "rates_scale", "chunk", "exit_confidence")
"""Options whose values are numbers, or words that stand for one."""


@click.command(
    cls=FamilyCommand,
    epilog="""\b
Examples:
  lifsim compare --sharing none,layer,channel4
  lifsim compare --workload lenet5_mnist --arch sata128,eyeriss_like \\
      --sharing none,channel2 --rows energy,dram
  lifsim compare --vary buffers.weight.size_bytes=64KiB,128KiB \\
      --schedule tick,auto --format csv
  lifsim compare --workload lenet5_mnist --sharing none,layer \\
      --out results/two_sharings
  lifsim compare results/two_sharings/none results/two_sharings/layer \\
      --baseline layer --html results/two_sharings.html
""",
)
@click.argument("folders", metavar="[RUN]...", nargs=-1, type=click.Path(path_type=Path))
@options_of(WholeSimulation, "simulation")
@click.option(
    "--vary", shell_complete=settings, metavar="KEY=VALUES", multiple=True,
    help="Any key that --set accepts, with several values: 8,16,32 or 1:8 or 8KiB:512KiB:x2.",
)  # fmt: skip
@click.option(
    "--baseline", metavar="RUN", help="The run that changes are relative to: its label or number. Default: the first."
)
@click.option(
    "--rows", metavar="ROW,...",
    help="cycles, time, operations, dram, accesses, energy, lif_update, area, lif_memory, all; or figures by their "
    "dotted names. Default: what an architect looks at first.",
)  # fmt: skip
@click.option(
    "--out", type=click.Path(path_type=Path), help="Folder that keeps the comparison and the runs made for it."
)
@click.option("--force", is_flag=True, help="Replace another comparison in --out.")
@click.option("--jobs", metavar="N", type=click.IntRange(1, 4096), default=1, show_default=True, help="Processes.")
@click.option(
    "--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True,
    help="What is printed to stdout.",
)  # fmt: skip
@html_option
def compare(
    folders: tuple[Path, ...],
    simulation: WholeSimulation,
    vary: tuple[str, ...],
    baseline: str | None,
    rows: str | None,
    out: Path | None,
    force: bool,
    jobs: int,
    form: str,
    html: str | None,
) -> None:
    """Compare runs in one table. RUNs are folders written by lifsim run, which are not run again; options ask for new
    runs. Every option of a run except --set, --groups and --exit-steps takes several values here, separated by commas:
    all combinations are run.

    The table shows which inputs differ, and the figures with units and their changes against the first run or
    --baseline. Above it stands in what else the runs are not alike.
    """
    asked = bool(simulation.given or simulation.overrides or vary)
    if not folders and not asked:
        words = "must be given: folders of runs, or options with several values, such as --sharing none,channel4"
        raise InputError([Fault(words, path="runs"), *_faults_of_rows(rows)])
    making = Making(out, force, jobs, html)
    compare_runs(folders, wanted(simulation, vary) if asked else None, View(baseline, rows, form), making)


def _faults_of_rows(rows: str | None) -> list[Fault]:
    """Faults of --rows that do not depend on the runs."""
    from lifsim.report.compare.chosen import Chosen

    faults: list[Fault] = []
    with collecting(faults):
        Chosen.of([] if rows is None else rows.split(","), ())
    return faults


@dataclass(frozen=True)
class View:
    """Which figures are shown, and in which form."""

    baseline: str | None = None
    rows: str | None = None
    form: str = "table"


@dataclass(frozen=True)
class Making:
    """out: the folder that keeps the comparison, None: it is not kept; replace: overwrite a comparison that is there;
    jobs: processes; html: the file of the report, empty: in `out` or in reports/, None: no report."""

    out: Path | None = None
    replace: bool = False
    jobs: int = 1
    html: str | None = None

    @property
    def page(self) -> Path | None:
        """The file of the report, if one is named."""
        return Path(self.html) if self.html else None

    def check(self, asked: Sequence[Asked], *, known: bool) -> None:
        """Refuse, before any work, what cannot be kept or shown. asked: the runs to be made, if they are `known`.
        Raises InputError with every fault."""
        from lifsim.placing import check_page
        from lifsim.report.compare.keep import check_place

        faults = list[Fault]()
        with collecting(faults):
            if self.out is not None:
                check_place(self.out, asked, replace=self.replace or not known)
        with collecting(faults):
            if self.page is not None:
                check_page(self.page, "html", replace=self.replace)
        if self.html is not None and self.jobs > 1 and (asked or not known):
            way = "lifsim report DIR makes one of what --out DIR keeps"
            faults.append(Fault(f"must be 1 with --html, which tells of runs of this process: {way}", path="--jobs"))
        if faults:
            raise InputError(faults)


def wanted(simulation: WholeSimulation, vary: tuple[str, ...] = ()) -> Wanted:
    """The options of a run, each with one or more values. Raises InputError if --vary is malformed."""
    from lifsim.config.rates_file import with_table
    from lifsim.sweeps.combinations import Wanted

    given: dict[str, list[Any]] = {}
    told = {name: value for name, value in simulation.given.items() if name not in ("rate", "rates")}
    rate = with_table(simulation.rate, simulation.rates)
    for name, value in (told if rate is None else {**told, "rate": rate}).items():
        if name in LISTED or not isinstance(value, str | Path):
            given[name] = [value]
        else:
            parts = [part.strip() for part in str(value).split(",")]
            given[name] = [as_number(part) for part in parts] if name in NUMBERS else parts
    where_possible = bool(given.pop("share_where_possible", None))
    varied: dict[str, str] = {}
    faults: list[Fault] = []
    for text in vary:
        key, equals, values = (part.strip() for part in text.partition("="))
        if not equals or not all(key.split(".")) or key in varied:
            rule = "must be given once" if key in varied else "must have the form key.path=values"
            faults.append(Fault(rule, source=f"--vary {text}"))
        varied[key] = values
    if faults:
        raise InputError(faults)
    return Wanted(given, simulation.overrides, varied, where_possible)


def compare_runs(given: Sequence[Path], asked: Wanted | None, view: View, making: Making) -> None:
    """Read the given runs and make those that are asked for; keep and show the comparison."""
    from lifsim.report.compare.gather import gathered, not_kept
    from lifsim.report.compare.keep import keeping

    faults, found = list[Fault](), None
    names = [] if view.rows is None else view.rows.split(",")
    with collecting(faults):
        found = gathered(given, asked, view.baseline, names)
    with collecting(faults):
        making.check(found.asked if found else (), known=found is not None)
    if faults or found is None:
        raise InputError(faults)
    if making.out is None:
        compared, report = _compared(found, making, not_kept)
    else:
        with keeping(making.out, found.asked, replace=making.replace) as keeper:
            compared, report = _compared(found, making, keeper.run)
            keeper.comparison(compared)
            if report is not None and making.page is None:
                keeper.report(report)
    _print(compared, view.form)
    if making.out is not None:
        say(str(keeper.placed), err=True)
    if report is not None:
        _place_report(making, report)


def _compared(found: Gathered, making: Making, keep: Keep) -> tuple[Compared, bytes | None]:
    """The comparison of the runs in `found`, each of which `keep` keeps, and a report of it if one is asked for."""
    from lifsim.cli.watching import watching
    from lifsim.report.compare.heard import Heard

    heard = Heard(keep, making.html is not None)
    with watching() as watch:
        compared = found.compared(watch, heard, making.jobs)
        if making.html is None:
            return compared, None
        from lifsim.report.html.write import report_beside

        return compared, report_beside(compared, heard.results, watch)


def _place_report(making: Making, report: bytes) -> None:
    """Write the report to its file; a default name lies in the folder, or is numbered if another report is there."""
    from lifsim.placing import place_numbered
    from lifsim.report.save import HTML

    if making.page is not None:
        place_html(making.page, report, replace=making.replace)
    elif making.out is not None:
        say(f"the report is {making.out / HTML}", err=True)
    else:
        say(str(place_numbered(Path("reports") / "comparison.html", report)), err=True)


def _print(compared: Compared, form: str) -> None:
    if form == "table":
        from lifsim.report.compare.table import print_comparison

        print_comparison(compared)
        return
    if form == "json":
        import json

        click.echo(json.dumps(compared.tree(), indent=2))
    else:
        click.echo(compared.csv, nl=False)
    for line in compared.unlike:
        say(f"not alike: {line}", err=True)
    for one in compared.failures:
        say(*(f"not run: {one.label}: {why}" for why in one.why), err=True)
