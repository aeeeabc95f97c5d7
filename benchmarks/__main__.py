"""`python -m benchmarks`: measure all figures of docs/performance.md, keep them, and write its tables anew."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from benchmarks.bench_growth import AXES
from benchmarks.frame import results
from benchmarks.frame.growth import grown
from benchmarks.frame.load import BusyError, load_average, wait_until_idle
from benchmarks.frame.members import Benchmark, benchmarks
from benchmarks.frame.results import RESULTS
from benchmarks.frame.run import measured
from benchmarks.frame.session import Session
from benchmarks.frame.table import DOCS, MARKED, rendered


@dataclass(frozen=True)
class Choices:
    """How to measure. busy: print whatever the load, and keep nothing."""

    busy: bool
    wait: float
    rounds: int
    attempts: int
    past: Path | None


@click.group(invoke_without_command=True)
@click.pass_context
def main(context: click.Context) -> None:
    """Measure LIFSim beside its peers; without a command, everything."""
    if context.invoked_subcommand is None:
        context.invoke(run)


@main.command("list")
def list_() -> None:
    """Name the benchmarks, with what each is about and how many figures are kept."""
    for name, member in benchmarks().items():
        click.echo(f"{name:12} {len(results.read(name, RESULTS)):3} kept  {member.title}")


@main.command()
@click.argument("names", nargs=-1)
@click.option("--busy", is_flag=True, help="Print the figures of a busy machine, and keep none.")
@click.option("--wait", default=600.0, show_default=True, help="Seconds to wait until the machine is idle.")
@click.option("--rounds", default=7, show_default=True, type=click.IntRange(1), help="Pairs of each figure.")
@click.option("--attempts", default=2, show_default=True, type=click.IntRange(1), help="Of what was disturbed.")
@click.option("--past", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Source tree before.")
def run(names: Sequence[str], **chosen: object) -> None:
    """Measure the named benchmarks, or all, keep the figures, and write the tables of the documents anew."""
    choices = Choices(**chosen)  # type: ignore[arg-type]
    members = _named(names)
    try:
        load_before = load_average() if choices.busy else wait_until_idle(choices.wait, tell=click.echo)
    except BusyError as error:
        raise click.ClickException(str(error)) from None
    disturbed = [figure for member in members for figure in _run(member, choices, load_before)]
    if choices.busy:
        return
    _render()
    if disturbed:
        raise click.ClickException(f"busy meanwhile, not kept: {', '.join(disturbed)}")


@main.command()
def render() -> None:
    """Write the tables of the documents anew, from what is kept."""
    _render()


@main.command()
@click.argument("axes", nargs=-1)
def growth(axes: Sequence[str]) -> None:
    """Print CPU seconds and memory at each size of the named axes, or of all, and the exponents; `run growth` keeps."""
    if unknown := [name for name in axes if name not in AXES]:
        raise click.UsageError(f"{', '.join(map(repr, unknown))} must be among: {', '.join(map(repr, AXES))}")
    for name in axes or AXES:
        found = grown("benchmarks.bench_growth", name, AXES[name], click.echo)
        click.echo(f"{name}: CPU to the {found.exponent:.2f}, memory to the {found.memory_exponent:.2f}")


def _run(member: Benchmark, choices: Choices, load_before: float) -> list[str]:
    """Measure one, and name what was disturbed."""
    click.secho(f"{member.name}: {member.title}", bold=True)
    tell: Callable[[str], None] = lambda text: click.echo(f"  {text}")  # noqa: E731
    disturbed = []
    with tempfile.TemporaryDirectory(prefix="lifsim-benchmark-") as folder:
        session = Session(choices.rounds, Path(folder), choices.past, results.limits(RESULTS))
        for record in measured(member, session, load_before, 1 if choices.busy else choices.attempts, tell):
            if not record.meanwhile.is_idle:
                disturbed.append(f"{member.name}: {record.figure.name}")
            elif not choices.busy:
                results.keep(member.name, [record], RESULTS)
    return disturbed


def _named(names: Sequence[str]) -> list[Benchmark]:
    members = benchmarks()
    if unknown := [name for name in names if name not in members]:
        raise click.UsageError(f"{', '.join(unknown)} must be among: {', '.join(members)}")
    return [members[name] for name in names or members]


def _render() -> None:
    members = benchmarks()
    records = {name: results.read(name, RESULTS) for name in members}
    for page in sorted(DOCS.glob("*.md")):
        text = page.read_text("utf-8")
        if MARKED.search(text):
            page.write_text(rendered(text, members, records), "utf-8")


if __name__ == "__main__":
    main()
