"""The schedule that a run asks for: by its name, or by the bytes, the cycles or the energy of its groups."""

from __future__ import annotations

from lifsim.graph.states import State
from lifsim.schedule.begins import begins_of
from lifsim.schedule.chip import Chip
from lifsim.schedule.choices import Choice, Choices, choices_of
from lifsim.schedule.partition import allowed, dram_bytes, fewest, plan_of
from lifsim.schedule.plan import ScheduleOptions
from lifsim.simulate.alone import counted, least_cycles
from lifsim.simulate.candidates import Chosen, Search
from lifsim.simulate.options import Options
from lifsim.simulate.trial import Trial
from lifsim.training.sizes import TrainingSizes
from lifsim.training.traffic import training_traffic


def planned(trial: Trial, states: tuple[State, ...], chip: Chip, options: Options) -> Chosen:
    """The schedule that `options` ask for, of membranes that lie in `states`. Raises InputError where there is none."""
    setup = trial.setup
    groups = None if options.groups is None else begins_of(setup.network, options.groups)
    asked = ScheduleOptions(options.schedule, setup.batch, options.chunk, groups)
    choices = setup.memo.of(
        choices_of, setup.network, states, chip, setup.batch, options.chunk, setup.memo, options.mode
    )

    def moved(choice: Choice) -> int:
        return setup.memo.of(_trained_bytes, choices, choice, trial.reverse) if trial.training else dram_bytes(choice)

    def cycles(choice: Choice) -> int:
        return least_cycles(setup.machine, setup.memo.of(counted, setup, trial.accounting, choices, choice))

    best = fewest(allowed(choices, asked), moved, cycles)
    if asked.schedule == "auto" and options.objective != "dram":
        return Search(trial, choices, asked, best).by(options.objective)
    return Chosen(plan_of(choices, best))


def _trained_bytes(choices: Choices, choice: Choice, reverse: bool) -> int:
    """What a group moves in all stages of its training."""
    sizes = TrainingSizes(choices.facts, choices.chip, choices.batch, reverse)
    return sum(
        stage.total
        for layer in training_traffic(sizes, plan_of(choices, [choice]))
        for stage in (layer.forward, layer.recompute, layer.backward, layer.weight_update)
        if stage is not None
    )
