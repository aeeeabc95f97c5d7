"""The schedule that a run asks for, by the bytes, the cycles or the energy of its groups."""

from __future__ import annotations

from math import ceil

from lifsim.accounting import Accounting, Setup
from lifsim.accounting.prices import Costs, energy_of
from lifsim.config.dram import DramSpec
from lifsim.schedule.partition import Objective, dram_bytes
from lifsim.schedule.plan import GroupPlan, Plan, ScheduleOptions
from lifsim.simulate.dram_work import with_streamed_work
from lifsim.simulate.options import Options
from lifsim.simulate.reuse import Reuse
from lifsim.simulate.timing import memory_bytes_per_cycle


def planned(setup: Setup, accounting: Accounting, options: Options, costs: Costs, reuse: Reuse) -> Plan:
    """The schedule that `options` ask for, as `accounting` counts. Raises InputError where there is none."""
    asked = ScheduleOptions(options.schedule, setup.batch, options.chunk)
    objective = _objective(setup, accounting, options.objective, costs)
    return reuse.plan(setup.network, setup.sharing, setup.arch, asked, objective)


def _objective(setup: Setup, accounting: Accounting, name: str, costs: Costs) -> Objective:
    bytes_per_cycle = memory_bytes_per_cycle(setup.arch)

    def cycles(group: GroupPlan) -> float:
        """Of each layer its work, or its bytes at the memory's peak, whatever takes longer."""
        counts = accounting.count(setup, [group])
        if bytes_per_cycle is None:
            return sum(c.cycles.total for c in counts)
        return sum(max(c.cycles.total, ceil(c.dram_bytes.total / bytes_per_cycle)) for c in counts)

    def energy(group: GroupPlan) -> float:
        counts = accounting.count(setup, [group])
        if isinstance(costs.dram, DramSpec):
            counts = [with_streamed_work(c, costs.dram, setup.arch.clock_hz) for c in counts]
        return sum(energy_of(c, costs, setup.arch, setup.bank.units).total.total for c in counts)

    return {"dram": dram_bytes, "cycles": cycles, "energy": energy}[name]
