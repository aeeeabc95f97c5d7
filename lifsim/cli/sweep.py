"""`lifsim sweep`: the cross product of settings, on all cores or a cluster, into one file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from lifsim.cli.family import FamilyCommand, options_of
from lifsim.cli.say import say
from lifsim.cli.stopping import keeping
from lifsim.cli.sweep_options import ExecutionOptions, SpaceOptions
from lifsim.cli.where_possible import say_left_by

if TYPE_CHECKING:
    from lifsim.sweeps.plan import Plan


@click.command(
    cls=FamilyCommand,
    epilog="""\b
Examples:
  lifsim sweep --sharing none,layer,channel2,channel4 --vary buffers.membrane.size_bytes=8KiB:512KiB:x2 --out sweeps/x
  lifsim sweep --vary array.rows=8,16,32 --vary array.cols=8:64:+8 --batch 1,8 --dry-run
  lifsim sweep my_sweep.yaml --out sweeps/x --jobs 4
  lifsim sweep my_sweep.yaml --out sweeps/x --scheduler tcp://host:8786
  lifsim store show sweeps/x --sort energy_pj.total --top 10
""",
)
@options_of(SpaceOptions, "space")
@click.option("--sample", metavar="N", type=int, help="Run N points of the space, a Latin hypercube.")
@options_of(ExecutionOptions, "execution")
@click.option("--retry-failed", is_flag=True, help="Run points that failed earlier again.")
@click.option("--dry-run", is_flag=True, help="Print the count of points and an estimate, and run nothing.")
def sweep(
    space: SpaceOptions, execution: ExecutionOptions, sample: int | None, retry_failed: bool, dry_run: bool
) -> None:
    """Run every combination of architectures, networks, sharings and --vary values, and keep every result in one file.

    FILE is a sweep file (YAML) that says the same as the options; an option given beside it takes its key's place.
    Stopped or killed, the same command goes on where it was. A point that fails is a row with its error.
    """
    from lifsim.sweeps.plan import plan

    request = space.request(sample)
    planned = plan(request)
    say_left_by(planned.job)
    if dry_run:
        _print_estimate(planned, execution.processes)
    else:
        _run(planned, execution, execution.store(request, planned.job), retry_failed=retry_failed)


def _run(planned: Plan, execution: ExecutionOptions, out: Path, *, retry_failed: bool) -> None:
    from lifsim.report.sweep_progress import Progress
    from lifsim.sweeps.assumed import assumptions
    from lifsim.sweeps.run import pending_points, refuse_if_all_failed, run_points
    from lifsim.sweeps.store import Store

    with (
        # First, so that a cluster that cannot be reached leaves no store.
        execution.executor(planned.job) as executor,
        Store.create_or_open(out, planned.job.description()) as store,
    ):
        pending = pending_points(planned, store, retry_failed=retry_failed)
        progress = Progress(len(planned.points), len(planned.points) - len(pending))
        with keeping(lambda: f"{progress.kept} in {out}; the same command goes on"), progress:
            run_points(planned.job, store, pending, executor, progress.watch)
        errors = store.errors()
    say(f"{progress.summary} in {out}", err=True)
    for error, count in list(errors.items())[:5]:
        say(f"failed {count:,}: {error}", err=True)
    for assumption in assumptions(planned.job):
        say(f"assumption: {assumption}", err=True)
    refuse_if_all_failed(errors, len(planned.points))


def _print_estimate(planned: Plan, workers: int) -> None:
    from lifsim.sweeps.estimate import estimate

    say(f"{len(planned.points):,} points")
    for axis in planned.job.space.axes:
        say(f"  {axis.key}: {axis.values}")
    guess = estimate(planned, workers)
    say(f"about {guess.seconds:,.0f} s on {workers} processes, by {guess.measured} points run just now")
