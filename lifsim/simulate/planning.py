"""The schedule that a run asks for, by the bytes, the cycles or the energy of its groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil

from lifsim.accounting import Accounting, Setup
from lifsim.accounting.prices import Costs, energy_of, switched_off
from lifsim.errors import Fault, InputError, did_you_mean
from lifsim.graph.states import State
from lifsim.model.network import Network
from lifsim.schedule.chip import Chip
from lifsim.schedule.facts import NetworkFacts
from lifsim.schedule.partition import Objective, plan
from lifsim.schedule.plan import Begin, GroupPlan, Plan, Runs, ScheduleOptions
from lifsim.simulate.dram import with_estimated_work
from lifsim.simulate.options import Options


def planned(
    setup: Setup, states: tuple[State, ...], chip: Chip, accounting: Accounting, options: Options, costs: Costs
) -> Plan:
    """The schedule that `options` ask for, of membranes that lie in `states`, as `accounting` counts. Raises
    InputError where there is none."""
    groups = None if options.groups is None else _begins(setup.network, options.groups)
    asked = ScheduleOptions(options.schedule, setup.batch, options.chunk, groups)
    if options.schedule != "auto" or options.objective == "dram" or groups is not None:
        return setup.memo.of(plan, setup.network, states, chip, asked, setup.memo)
    objective = _objective(setup, accounting, options.objective, costs)
    return plan(setup.network, states, chip, asked, setup.memo, objective)


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


def _objective(setup: Setup, accounting: Accounting, name: str, costs: Costs) -> Objective:
    machine = setup.machine
    bytes_per_cycle = machine.dram_bytes_per_cycle

    def cycles(facts: NetworkFacts, group: GroupPlan) -> float:
        """Of each layer its work, or its bytes at the memory's peak, whatever takes longer."""
        counts = accounting.count(setup, facts, group)
        if bytes_per_cycle is None:
            return sum(c.cycles.total for c in counts)
        return sum(max(c.cycles.total, ceil(c.dram_bytes.total / bytes_per_cycle)) for c in counts)

    def energy(facts: NetworkFacts, group: GroupPlan) -> float:
        counts = [with_estimated_work(c, costs.dram, machine.clock_hz) for c in accounting.count(setup, facts, group)]
        here = switched_off(costs, counts)
        return sum(energy_of(c, here, machine, setup.bank).total.total for c in counts)

    return {"cycles": cycles, "energy": energy}[name]
