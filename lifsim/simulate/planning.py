"""The schedule that a run asks for, by the bytes, the cycles or the energy of its groups."""

from __future__ import annotations

from math import ceil

from lifsim.accounting import Accounting, Setup
from lifsim.accounting.prices import Costs, energy_of, switched_off
from lifsim.graph.states import State
from lifsim.schedule.begins import begins_of
from lifsim.schedule.chip import Chip
from lifsim.schedule.facts import NetworkFacts
from lifsim.schedule.partition import Objective, plan
from lifsim.schedule.plan import GroupPlan, Plan, ScheduleOptions
from lifsim.simulate.dram import with_estimated_work
from lifsim.simulate.options import Options


def planned(
    setup: Setup, states: tuple[State, ...], chip: Chip, accounting: Accounting, options: Options, costs: Costs
) -> Plan:
    """The schedule that `options` ask for, of membranes that lie in `states`, as `accounting` counts. Raises
    InputError where there is none."""
    groups = None if options.groups is None else begins_of(setup.network, options.groups)
    asked = ScheduleOptions(options.schedule, setup.batch, options.chunk, groups)
    if options.schedule != "auto" or options.objective == "dram" or groups is not None:
        return setup.memo.of(plan, setup.network, states, chip, asked, setup.memo)
    objective = _objective(setup, accounting, options.objective, costs)
    return plan(setup.network, states, chip, asked, setup.memo, objective)


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
