"""LIFSim's own rules: exact counts from the spikes, under any schedule."""

from __future__ import annotations

from collections.abc import Sequence

from lifsim.accounting.counts import LayerCounts
from lifsim.accounting.own.counting import count_group
from lifsim.accounting.own.ports import with_port_stalls
from lifsim.accounting.prices import Costs, costs_of
from lifsim.accounting.protocol import ACCOUNTINGS, Accounting, Setup
from lifsim.config.arch import Arch
from lifsim.schedule.facts import NetworkFacts
from lifsim.schedule.plan import GroupPlan


@ACCOUNTINGS.register
class Own(Accounting):
    """docs/model.md."""

    name = "lifsim"
    title = "LIFSim's own: cycles, accesses and bytes of real spikes under a schedule"

    def costs(self, arch: Arch) -> Costs:
        return costs_of(arch)

    def count(self, setup: Setup, facts: NetworkFacts, group: GroupPlan) -> list[LayerCounts]:
        return count_group(setup, facts, group)

    def with_port_waits(self, setup: Setup, group: GroupPlan, counts: Sequence[LayerCounts]) -> list[LayerCounts]:
        return [
            with_port_stalls(setup, setup.network.layers[index], counted, tick_batched=group.tick_batched)
            for index, counted in zip(group.indices, counts, strict=True)
        ]
