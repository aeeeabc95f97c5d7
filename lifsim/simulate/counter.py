"""Counting the layers of one run under any schedule, so that schedules can be compared by cycles and by energy."""

from __future__ import annotations

from dataclasses import dataclass, field

from lifsim.config.arch import Arch
from lifsim.config.network import Network
from lifsim.config.sharing import Sharing
from lifsim.hardware.lif_unit import LifBank
from lifsim.schedule.partition import Objective, dram_bytes, plan
from lifsim.schedule.plan import GroupPlan, Plan, ScheduleOptions
from lifsim.simulate.array_work import ArrayWork, array_work
from lifsim.simulate.counting import count_layer
from lifsim.simulate.counts import LayerCounts
from lifsim.simulate.options import Options
from lifsim.simulate.pricing import Costs, energy_of
from lifsim.simulate.scheduled import Scheduled
from lifsim.simulate.spikes import Spikes


@dataclass(frozen=True)
class Counter:
    """One network under one sharing on one architecture, with its spikes. A layer's work on the array depends on
    whether it is tick-batched alone, and is computed once for each."""

    network: Network
    sharing: Sharing
    arch: Arch
    bank: LifBank
    spikes: Spikes
    _works: dict[tuple[int, bool], ArrayWork] = field(default_factory=dict, repr=False, compare=False)

    def plan(self, options: Options, costs: Costs) -> Plan:
        """The schedule that `options` ask for. Raises InputError where there is none."""
        asked = ScheduleOptions(options.schedule, self.spikes.batch, options.chunk)
        return plan(self.network, self.sharing, self.arch, asked, self._objective(options.objective, costs))

    def count(self, group: GroupPlan) -> list[LayerCounts]:
        """The layers of `group`."""
        scheduled = Scheduled.of(self.network, self.sharing, self.spikes.batch).layers(group)
        layers = self.network.layers[group.first : group.last + 1]
        work = [self._work(layer.index, group.tick_batched) for layer in layers]
        return [
            count_layer(layer, self.network, self.arch, how, done, self.spikes.batch)
            for layer, how, done in zip(layers, scheduled, work, strict=True)
        ]

    def _objective(self, name: str, costs: Costs) -> Objective:
        def cycles(group: GroupPlan) -> float:
            return sum(counts.cycles.total for counts in self.count(group))

        def energy(group: GroupPlan) -> float:
            return sum(energy_of(c, costs, self.arch, self.bank.units).total.total for c in self.count(group))

        return {"dram": dram_bytes, "cycles": cycles, "energy": energy}[name]

    def _work(self, index: int, tick_batched: bool) -> ArrayWork:
        key = index, tick_batched
        if key not in self._works:
            layer, ones = self.network.layers[index], self.spikes.ones[index]
            self._works[key] = array_work(layer, self.arch, self.bank, ones, tick_batched=tick_batched)
        return self._works[key]
