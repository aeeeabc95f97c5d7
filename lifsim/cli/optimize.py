"""`lifsim optimize`: the least of a figure within limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from lifsim.cli.completing import figures
from lifsim.cli.family import FamilyCommand, options_of
from lifsim.cli.say import say
from lifsim.cli.say_impossible import say_impossible
from lifsim.cli.stopping import keeping
from lifsim.cli.sweep_options import ExecutionOptions, SpaceOptions
from lifsim.cli.watching import lines
from lifsim.cli.where_possible import say_left_by
from lifsim.errors import Fault, InputError, collecting
from lifsim.units import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lifsim.sweeps.optimise import Goal
    from lifsim.sweeps.store import Store


@click.command(
    cls=FamilyCommand,
    epilog="""\b
Examples:
  lifsim optimize --sharing none,layer,channel2,channel4 \\
      --vary buffers.weight.size_bytes=8KiB:256KiB:x2 --vary array.rows=4:32 \\
      --minimise energy_pj.total --limit 'area_mm2<2.5' --out sweeps/best
  lifsim optimize docs/examples/membrane_buffer.yaml --minimise cycles.total \\
      --limit 'area_mm2<=3' --points 20
""",
)
@options_of(SpaceOptions, "space")
@click.option("--minimise", "--minimize", shell_complete=figures, metavar="FIGURE", default="energy_pj.total",
              show_default=True,
              help="Figure to minimise: any column of lifsim store show. energy_pj.total is work, idle and standing "
              "energy together; energy_pj.total.work is work alone.")  # fmt: skip
@click.option("--limit", "limits", metavar="FIGURE<BOUND", multiple=True,
              help="A limit that a point must meet, with <, <=, > or >=.")  # fmt: skip
@click.option("--points", type=click.IntRange(1), default=100, show_default=True, help="How many points to run.")
@click.option("--round", "at_once", type=click.IntRange(1, 4096), default=8, show_default=True,
              help="Points that are chosen together and run in parallel.")  # fmt: skip
@click.option("--across-nodes", is_flag=True,
              help="Compare SRAMs of several technology_nm, although logic and DRAM keep theirs.")  # fmt: skip
@options_of(ExecutionOptions, "execution")
def optimize(
    space: SpaceOptions,
    execution: ExecutionOptions,
    minimise: str,
    limits: tuple[str, ...],
    points: int,
    at_once: int,
    across_nodes: bool,
) -> None:
    """Search a space of settings for the point with the lowest figure within limits, without running all of it as
    `lifsim sweep` does.

    The points that the search runs are kept in --out, as a sweep keeps its points: a search that was stopped continues
    where it was, and a search and a sweep of the same space use each other's points. The same seed runs the same
    points.
    """
    from lifsim.report.sweep_progress import Progress
    from lifsim.sweeps.assumed import assumptions, require_one_node
    from lifsim.sweeps.optimise import Goal, Limit, meaning, optimise
    from lifsim.sweeps.plan import job_of
    from lifsim.sweeps.run import refuse_if_all_failed
    from lifsim.sweeps.store import Store

    faults: list[Fault] = []
    parsed: list[Limit] = []
    for text in limits:
        with collecting(faults):
            parsed.append(Limit.parse(text))
    with collecting(faults):
        Goal(minimise, tuple(parsed), points, at_once, 0).check_names()
    with collecting(faults):
        asked = space.request()
        job = job_of(asked)
        if not across_nodes:
            require_one_node(job)
    if faults:
        raise InputError(faults)
    _require_optuna()
    out = execution.store(asked, job)
    say_left_by(job)
    say_impossible(job)
    goal = Goal(minimise, tuple(parsed), points, at_once, asked.asked.seed or 0)
    progress = Progress(min(points, job.space.points), 0, minimise, lines)
    with (
        execution.executor(job, at_once) as executor,
        Store.create_or_open(out, job.description()) as store,
    ):
        with (
            keeping(lambda: f"{counted(len(store.points()), 'point')} are kept in {out}; the same command goes on"),
            progress,
        ):
            optimise(job, store, executor, goal, progress.watch)
        say(f"{progress.summary} in {out}", err=True)
        refuse_if_all_failed(store.errors(), len(store.points()))
        say(f"ranked by {minimise}{meaning(minimise)}", err=True)
        told = _print_best(store, goal)
    for assumption in assumptions(job):
        if f"note: {assumption}" in told:
            continue
        say(f"assumption: {assumption}", err=True)


def _print_best(store: Store, goal: Goal) -> Sequence[str]:
    """The best points as a table, and the lines below it."""
    from lifsim.report.sweep_table import Selection, print_table, selected
    from lifsim.sweeps.points import Points
    from lifsim.sweeps.stored_row import ERROR

    limited = [limit.figure for limit in goal.limits]
    points = Points.stored(store)
    met = points.only([*limited, ERROR], lambda row: row[ERROR] is None and goal.is_met(row))
    if not met.count:
        raise InputError(f"no point of {points.count:,} keeps to {', '.join(map(str, goal.limits))}")
    if goal.limits:
        limits = " and ".join(map(str, goal.limits))
        say(f"{met.count:,} of {counted(points.count, 'point')} keep to {limits}", err=True)
    found = selected(met, Selection(sort=goal.minimise, limit=5, columns=[goal.minimise, *limited]))
    print_table(found)
    return found.below


def _require_optuna() -> None:
    from importlib.util import find_spec

    if find_spec("optuna") is None:
        raise InputError("lifsim optimize needs Optuna: pip install 'lifsim[optimize]'")
