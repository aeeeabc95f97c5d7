"""Counting the layers of one run under any schedule, so that schedules can be compared by cycles and by energy."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import ceil

from lifsim.config.arch import Arch
from lifsim.config.dram import DramSpec
from lifsim.config.network import Network
from lifsim.config.sharing import Sharing
from lifsim.hardware.lif_unit import LifBank
from lifsim.schedule.partition import Objective, dram_bytes
from lifsim.schedule.plan import GroupPlan, Plan, ScheduleOptions
from lifsim.simulate.array_work import ArrayWork
from lifsim.simulate.counting import count_layer
from lifsim.simulate.counts import LayerCounts
from lifsim.simulate.dram_work import with_streamed_work
from lifsim.simulate.options import Options
from lifsim.simulate.pricing import Costs, energy_of
from lifsim.simulate.reuse import Reuse
from lifsim.simulate.scheduled import Scheduled
from lifsim.simulate.spikes import Spikes
from lifsim.simulate.timing import memory_bytes_per_cycle
from lifsim.watch import Watch, unwatched


@dataclass(frozen=True)
class Counter:
    """One network under one sharing on one architecture, with its spikes; `reuse` keeps what was computed before,
    `watch` is told how far it is."""

    network: Network
    sharing: Sharing
    arch: Arch
    bank: LifBank
    spikes: Spikes
    reuse: Reuse
    watch: Watch = unwatched

    def plan(self, options: Options, costs: Costs) -> Plan:
        """The schedule that `options` ask for. Raises InputError where there is none."""
        asked = ScheduleOptions(options.schedule, self.spikes.batch, options.chunk)
        return self.reuse.plan(self.network, self.sharing, self.arch, asked, self._objective(options.objective, costs))

    def count(self, group: GroupPlan) -> list[LayerCounts]:
        """The layers of `group`."""
        scheduled = self._scheduled.layers(group)
        layers = self.network.layers[group.first : group.last + 1]
        work = [self._work(layer.index, group.tick_batched) for layer in layers]
        return [
            count_layer(layer, self.network, self.arch, how, done, self.spikes.batch)
            for layer, how, done in zip(layers, scheduled, work, strict=True)
        ]

    @cached_property
    def _scheduled(self) -> Scheduled:
        return Scheduled.of(self.network, self.sharing, self.spikes.batch)

    def _objective(self, name: str, costs: Costs) -> Objective:
        bytes_per_cycle = memory_bytes_per_cycle(self.arch)

        def cycles(group: GroupPlan) -> float:
            """Of each layer its work, or its bytes at the memory's peak, whatever takes longer."""
            counts = self.count(group)
            if bytes_per_cycle is None:
                return sum(c.cycles.total for c in counts)
            return sum(max(c.cycles.total, ceil(c.dram_bytes.total / bytes_per_cycle)) for c in counts)

        def energy(group: GroupPlan) -> float:
            counts = self.count(group)
            if isinstance(costs.dram, DramSpec):
                counts = [with_streamed_work(c, costs.dram, self.arch.clock_hz) for c in counts]
            return sum(energy_of(c, costs, self.arch, self.bank.datapaths).total.total for c in counts)

        return {"dram": dram_bytes, "cycles": cycles, "energy": energy}[name]

    def _work(self, index: int, tick_batched: bool) -> ArrayWork:
        layer, kept = self.network.layers[index], self.spikes.kept[index]
        return self.reuse.array_work(layer, self.arch, self.bank, kept, tick_batched=tick_batched)
