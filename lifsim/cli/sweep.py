"""`lifsim sweep`: the cross product of settings, on all cores or a cluster, into one file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import click

from lifsim.cli.family import FamilyCommand, options_of
from lifsim.cli.say import say
from lifsim.cli.say_impossible import say_impossible
from lifsim.cli.stopping import keeping
from lifsim.cli.sweep_options import ExecutionOptions, SpaceOptions
from lifsim.cli.watching import lines, watching
from lifsim.cli.where_possible import say_left_by
from lifsim.units import counted

if TYPE_CHECKING:
    from lifsim.sweeps.estimate import Estimate
    from lifsim.sweeps.outcome import Outcome
    from lifsim.sweeps.plan import Plan
    from lifsim.sweeps.store import Store

SOON = 4
"""How many times the points that show which axes change nothing a sweep must have for those points to be run first."""


@click.command(
    cls=FamilyCommand,
    epilog="""\b
Examples:
  lifsim sweep --sharing none,layer,channel2,channel4 \\
      --vary buffers.weight.size_bytes=8KiB:512KiB:x2 --out sweeps/weights
  lifsim store show sweeps/weights --where 'area_mm2 < 2.5' --top 10
  lifsim sweep --vary array.rows=8,16,32 --vary array.cols=8:64:+8 \\
      --batch 1,8 --dry-run
  lifsim sweep docs/examples/membrane_buffer.yaml --sample 8 --jobs 2
""",
)
@options_of(SpaceOptions, "space")
@click.option("--sample", metavar="N", type=int, help="Run N points of the space, drawn as a Latin hypercube.")
@options_of(ExecutionOptions, "execution")
@click.option("--retry-failed", is_flag=True, help="Run points that failed earlier again.")
@click.option("--dry-run", is_flag=True, help="Print the number of points and the estimated time; run nothing.")
def sweep(
    space: SpaceOptions, execution: ExecutionOptions, sample: int | None, retry_failed: bool, dry_run: bool
) -> None:
    """Run every combination of architectures, networks, sharings and --vary values, and keep every result in one file.

    FILE is a sweep file (YAML) that says the same as the options; an option given beside it replaces its key. If the
    sweep is stopped or killed, the same command continues it. A point that fails is stored as a row with its error.
    """
    from lifsim.sweeps.plan import plan

    request = space.request(sample)
    planned = plan(request)
    say_left_by(planned.job)
    say_impossible(planned.job)
    if dry_run:
        _print_estimate(planned, execution.processes)
    else:
        _run(planned, execution, execution.store(request, planned.job), retry_failed=retry_failed)


def _run(planned: Plan, execution: ExecutionOptions, out: Path, *, retry_failed: bool) -> None:
    from lifsim.report.sweep_progress import Progress
    from lifsim.sweeps.assumed import assumptions
    from lifsim.sweeps.course import course
    from lifsim.sweeps.idle import MAX_ROWS
    from lifsim.sweeps.run import failures, kept_points, pending_points, refuse_if_all_failed, run_points
    from lifsim.sweeps.store import Store

    with (
        # First, so that a cluster that cannot be reached leaves no store.
        execution.executor(planned.job) as executor,
        Store.create_or_open(out, planned.job.description()) as store,
    ):
        pending = pending_points(planned, store, retry_failed=retry_failed)
        ends, told = _first_of(planned, pending), list[str]()
        processes = 1 if execution.scheduler else execution.processes  # a cluster takes points in turn
        found = course(planned, pending, processes, store.costs.kept(), ends)
        every, done = counted(len(planned.points), "point"), len(planned.points) - len(pending)
        # The store is asked: a point may be kept that was not counted yet.
        with (
            keeping(lambda: f"{kept_points(planned, store):,} of {every} are kept in {out}; the same command goes on"),
            Progress(len(planned.points), done, lines=lines, rest=found.rest) as progress,
        ):
            watch = _once_run(ends, partial(_say_idle, planned, store, ends, told, begun=True), progress.watch)
            run_points(planned.job, store, found.points, executor, watch, found.of_grid)
        errors = store.errors()
        if len(planned.points) <= MAX_ROWS:
            _say_idle(planned, store, planned.points, told)
    say(f"{progress.summary} in {out}", err=True)
    for assumption in assumptions(planned.job):
        say(f"assumption: {assumption}", err=True)
    refuse_if_all_failed(errors, len(planned.points))
    for line in failures(errors, len(planned.points)):
        say(line, err=True)
    where = quote(str(out))
    pareto = "--pareto energy_pj.total,cycles.total"
    say(f"next: lifsim store show {where}, or lifsim plot sweep {where} {pareto}", err=True)


def _once_run(
    points: Sequence[int], do: Callable[[], None], watch: Callable[[Outcome], None]
) -> Callable[[Outcome], None]:
    """`watch`, which does something as soon as all of `points` were run."""
    awaited = set(points)

    def watched(outcome: Outcome) -> None:
        watch(outcome)
        if outcome.point in awaited:
            awaited.discard(outcome.point)
            if not awaited:
                do()

    return watched


def _first_of(planned: Plan, pending: Sequence[int]) -> list[int]:
    """Points by which to see at the beginning what changes nothing; none of a sweep that is over soon anyway, or has
    begun before."""
    from lifsim.sweeps.idle import first_points

    first = first_points(planned.job.space)
    wanted = set(first).intersection(pending)
    return sorted(wanted) if len(wanted) == len(first) and len(pending) >= SOON * len(first) else []


def _say_idle(planned: Plan, store: Store, points: Sequence[int], told: list[str], *, begun: bool = False) -> None:
    """Tell on stderr which axes change nothing in these points, except those `told` before; begun: whether these are
    the first points."""
    from lifsim.sweeps.idle import idle_axes, idle_by_first

    space = planned.job.space
    rows = [row.columns for row in store.rows(sorted(points))]
    for idle in idle_by_first(rows, space) if begun else idle_axes(rows, space.axes):
        if str(idle) not in told:
            why = f"by the first {counted(len(points), 'point')}, " if begun else ""
            say(f"note: {why}{idle}", err=True)
            told.append(str(idle))


def _print_estimate(planned: Plan, workers: int) -> None:
    from lifsim.report.axis_words import axis_words
    from lifsim.sweeps.estimate import estimate

    say(f"{counted(len(planned.points), 'point')}")
    for axis in planned.job.space.axes:
        say(f"  {axis_words(axis)}")
    with watching() as watch:
        guess = estimate(planned, workers, watch)
    _print_guess(guess, workers)


def _print_guess(guess: Estimate, workers: int) -> None:
    """Points that fail take no time: if all do, there is no estimate."""
    from lifsim.sweeps.run import reasons, refuse_if_all_failed

    measured, failed = counted(guess.measured, "point"), guess.failed
    bound = "at most " if guess.at_most else ""
    said = f"{bound}about {guess.seconds:,.0f} s on {counted(workers, 'process')}, by {measured} run just now"
    if guess.at_most:
        said += ", too few for an estimate"
    if failed == guess.measured:
        said = f"no estimate: {measured} run just now, and every one failed"
    elif failed:
        said += f", {failed:,} of which failed"
    say(said)
    refuse_if_all_failed(guess.errors, guess.measured, "every point run just now")
    for line in reasons(guess.errors):
        say(line, err=True)
