"""What early exit saves in a run, and what the schedule that allows it costs, one line each."""

from __future__ import annotations

from collections.abc import Iterator

from lifsim.simulate.exits import Accuracy, of_one_group
from lifsim.simulate.result import Result, Totals
from lifsim.sweeps.exits_beside import ExitComparison
from lifsim.units import change_text, counted


def exit_lines(found: ExitComparison) -> Iterator[str]:
    """Against all timesteps under the same schedule, and against the schedule that moves the fewest bytes."""
    if found.every is not None:
        yield f"saves, under the same schedule: {_changes(found.run, found.every)}"
    if found.every is not None and found.other is not None and _same_plan(found.every, found.other):
        runs = of_one_group(found.other.plan) if found.other.plan else ""
        yield f"no schedule moves fewer bytes at all timesteps: --schedule auto runs {runs}, too"
    elif found.other is not None and found.exits:
        yield f"{_bytes(found.run, found.other)} of {found.others_words}: {_changes(found.run, found.other)}"
    elif found.other is not None:
        yield f"--schedule timestep can, and moves {_times(found.other, found.run)}: {_changes(found.other, found.run)}"
    if found.exits and found.run.exits is not None and found.run.exits.accuracy is not None:
        yield accuracy_words(found.run.exits.accuracy, found.run.network.timesteps)


def _same_plan(one: Result, other: Result) -> bool:
    return one.plan == other.plan


def accuracy_words(accuracy: Accuracy, timesteps: int) -> str:
    """What is told rightly when images exit, and after all timesteps."""
    of = counted(accuracy.images, "image")
    return f"accuracy {accuracy.early:.1%}, {accuracy.full:.1%} after all {counted(timesteps, 'timestep')}, of {of}"


def _bytes(ours: Result, theirs: Result) -> str:
    more = ours.totals.dram_bytes.total > theirs.totals.dram_bytes.total
    return f"{'but' if more else 'and'} the schedule that can exit moves {_times(ours, theirs)}"


def _times(ours: Result, theirs: Result) -> str:
    moved = ours.totals.dram_bytes.total / max(1, theirs.totals.dram_bytes.total)
    return f"{moved:.3g} times the DRAM bytes"


def _changes(ours: Result, theirs: Result) -> str:
    figures = {"cycles": _cycles, "energy": _energy, "DRAM": _dram}
    return ", ".join(f"{name} {_change(of(ours.totals), of(theirs.totals))}" for name, of in figures.items())


def _change(ours: float, theirs: float) -> str:
    return change_text(ours / theirs - 1) if theirs else "-"


def _cycles(totals: Totals) -> float:
    return totals.cycles.total


def _energy(totals: Totals) -> float:
    return totals.energy_pj.total.total


def _dram(totals: Totals) -> float:
    return totals.dram_bytes.total
