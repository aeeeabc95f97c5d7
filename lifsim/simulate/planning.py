"""The schedule that a run asks for: by its name, or by the bytes, the cycles or the energy of its groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lifsim.errors import Fault, InputError, did_you_mean
from lifsim.graph.states import State
from lifsim.model.network import Network
from lifsim.schedule.chip import Chip
from lifsim.schedule.choices import Choices, Way, choices_of
from lifsim.schedule.partition import allowed, dram_bytes, fewest, plan_of
from lifsim.schedule.plan import Begin, Plan, Runs, ScheduleOptions
from lifsim.simulate.alone import counted, least_cycles
from lifsim.simulate.candidates import Chosen, Search
from lifsim.simulate.options import Options
from lifsim.simulate.trial import Trial
from lifsim.training.sizes import TrainingSizes
from lifsim.training.traffic import training_traffic


def planned(trial: Trial, states: tuple[State, ...], chip: Chip, options: Options) -> Chosen:
    """The schedule that `options` ask for, of membranes that lie in `states`. Raises InputError where there is none."""
    setup = trial.setup
    groups = None if options.groups is None else _begins(setup.network, options.groups)
    asked = ScheduleOptions(options.schedule, setup.batch, options.chunk, groups)
    choices = setup.memo.of(choices_of, setup.network, states, chip, setup.batch, options.chunk, setup.memo)

    def moved(way: Way) -> int:
        return setup.memo.of(_trained_bytes, choices, way, trial.reverse) if trial.training else dram_bytes(way)

    def cycles(way: Way) -> int:
        return least_cycles(setup.machine, setup.memo.of(counted, setup, trial.accounting, choices, way))

    ways = fewest(allowed(choices, asked), moved, cycles)
    if asked.schedule == "auto" and options.objective != "dram":
        return Search(trial, choices, asked, ways).by(options.objective)
    return Chosen(plan_of(choices, ways))


def _trained_bytes(choices: Choices, way: Way, reverse: bool) -> int:
    """What a group moves in all stages of its training."""
    sizes = TrainingSizes(choices.facts, choices.chip, choices.batch, reverse)
    return sum(
        stage.total
        for layer in training_traffic(sizes, plan_of(choices, [way]))
        for stage in (layer.forward, layer.recompute, layer.backward, layer.weight_update)
        if stage is not None
    )


WAYS: dict[str, Runs] = {"tick": "tick-batched", "timestep": "timestep-major"}
"""How a group of one layer runs, as options spell it behind the layer's name."""


def group_words(network: Network, chosen: Plan) -> tuple[str, ...]:
    """The groups of `chosen` as options spell them (`Options.groups`)."""
    spelt: dict[Runs | None, str] = {None: ""} | {runs: f":{way}" for way, runs in WAYS.items()}
    return tuple(network.layers[begin.first].name + spelt[begin.runs] for begin in chosen.begins)


def _begins(network: Network, words: Sequence[str]) -> tuple[Begin, ...]:
    """Of layers by name, with how they run, if that is said. Raises InputError with those that there are not, and where
    they are out of order."""
    known = {layer.name: layer.index for layer in network.layers}
    spelt = [_spelt(word, known) for word in words]
    if unknown := [name for name, _ in spelt if name not in known]:
        rule = f"must be layers of {network.name} (lifsim workload show)"
        raise InputError(Fault(f"{name!r} {rule}{did_you_mean(name, known)}", path="groups") for name in unknown)
    begins = tuple(Begin(known[name], runs) for name, runs in spelt)
    firsts = [begin.first for begin in begins]
    if firsts != sorted({*firsts}):
        rule = "must be layers in the network's order, each once: where groups begin"
        raise InputError(Fault(f"{', '.join(words)} {rule}", path="groups"))
    return begins


def _spelt(word: str, known: Mapping[str, int]) -> tuple[str, Runs | None]:
    """(layer, how it runs) of `layer`, `layer:tick` or `layer:timestep`."""
    name, _, way = word.rpartition(":")
    return (name, WAYS[way]) if way in WAYS and word not in known else (word, None)
