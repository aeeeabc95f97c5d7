"""A run whose images exit early beside the same with all timesteps, and beside the schedule that moves the fewest
bytes, which cannot let them go: what is saved, and what it costs to be able to save it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lifsim.errors import InputError
from lifsim.lazy_dataclass import dataclass
from lifsim.schedule.leaving import lets_go
from lifsim.simulate.exits import of_one_group
from lifsim.simulate.inputs import Inputs
from lifsim.simulate.options import Options
from lifsim.simulate.pipeline import simulate
from lifsim.simulate.result import Result
from lifsim.sweeps.beside import Seen, Step, changes

NO_EXITS = {"exit_steps": None, "exit_confidence": None}


@dataclass(frozen=True)
class ExitComparison:
    """A run with early exits. every: the same with all timesteps, under the same schedule; None where that lets no
    image go and so is this run. other: the schedule with the fewest bytes, with all timesteps; where this run lets no
    image go, the network timestep by timestep, which does; None where the machine has none."""

    run: Result
    every: Result | None
    other: Result | None

    @property
    def exits(self) -> bool:
        """Whether images exit in the run itself."""
        return self.every is not None

    @property
    def steps(self) -> tuple[Step, ...]:
        """What early exit saves, and what the other schedule is to the one that can exit."""
        found = [] if self.every is None else [Step("early exit, same schedule", self.run, self.every)]
        if self.other is not None:
            ours, theirs = (self.run, self.other) if self.exits else (self.other, self.run)
            told = f"early exit, against {self.others_words}" if self.exits else "timestep with early exit"
            found.append(Step(told, ours, theirs))
        return tuple(found)

    @property
    def others_words(self) -> str:
        """Of the schedule with the fewest bytes."""
        if self.other is None or self.other.plan is None or not lets_go(self.other.plan):
            return "auto, which cannot exit"
        return f"auto, which can exit, too: it runs {of_one_group(self.other.plan)}"

    def tree(self) -> dict[str, Any]:
        """Plain data for summary.json."""
        beside = {"all_timesteps": self.every, "fewest_bytes" if self.exits else "timestep": self.other}
        return {
            "totals": {name: result.totals.tree() for name, result in beside.items() if result is not None},
            "steps": [{"says": step.says, "change": changes(step.ours, step.theirs)} for step in self.steps],
        }


def exits_beside(inputs: Inputs, result: Result, seen: Seen) -> ExitComparison | None:
    """`result`, the run of `inputs`, beside what it is to be compared with; None where no early exit is asked for.
    seen: the spikes of the network's runs."""
    if result.exits is None or result.plan is None:
        return None
    spikes, parts, watch = seen.under(inputs.sharing)

    def run(*, early: bool, **changed: Any) -> Result:
        options = _with(inputs.options, changed if early else NO_EXITS | changed)
        heard = spikes if early else replace(spikes, exits=None)
        return simulate(inputs.arch, inputs.network, inputs.sharing, options, heard, parts, watch)

    if lets_go(result.plan):
        return ExitComparison(result, run(early=False), run(early=False, schedule="auto", groups=None))
    try:
        other = run(early=True, schedule="timestep", groups=None)
    except InputError:  # as without a buffer for membranes
        other = None
    return ExitComparison(result, None, other)


def _with(options: Options, changed: dict[str, Any]) -> Options:
    return options.model_copy(update=changed)
