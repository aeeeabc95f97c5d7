"""LIFSim's own rules: exact counts from the spikes, under any schedule."""

from __future__ import annotations

from collections.abc import Sequence

from lifsim.accounting.counts import LayerCounts
from lifsim.accounting.own.array_work import ArrayWork, array_work
from lifsim.accounting.own.counting import layer_counts
from lifsim.accounting.own.ports import with_window_port_stalls
from lifsim.accounting.own.scheduled import scheduled_layers
from lifsim.accounting.own.window_work import joined, window_works
from lifsim.accounting.prices import Costs, costs_of
from lifsim.accounting.protocol import ACCOUNTINGS, Accounting, Setup
from lifsim.accounting.stages import Stages
from lifsim.hardware.array import sparsity_of
from lifsim.keeping import Keeping
from lifsim.model.arch import Arch
from lifsim.schedule.facts import NetworkFacts
from lifsim.schedule.plan import GroupPlan, Plan


@ACCOUNTINGS.register
class Own(Accounting):
    """docs/model.md."""

    name = "lifsim"
    title = "LIFSim's own: cycles, accesses and bytes of real spikes under a schedule"
    trains = True

    def costs(self, arch: Arch) -> Costs:
        return costs_of(arch)

    def count(self, setup: Setup, facts: NetworkFacts, group: GroupPlan) -> list[LayerCounts]:
        """Layer by layer: the work of the array on the spikes, then all events that follow from it."""
        setup, group, watch = setup.with_stores_of_any_size, group.decided, setup.watch
        place = setup.memo.place(self.count, setup, facts, group)
        if (found := place.known) is None:
            machine, sparsity, found = setup.machine, sparsity_of(setup.machine.array), []
            for index, scheduled in zip(group.indices, scheduled_layers(setup, facts, group), strict=True):
                layer, works = setup.network.layers[index], list[ArrayWork]()
                windows = window_works(setup, layer, group)
                for one in windows:  # (a comprehension would add a frame between the command and a fold)
                    if one.computes:
                        works.append(setup.memo.of(array_work, one.laid(machine), sparsity, one.kept, one.calls(setup)))
                    else:
                        works.append(ArrayWork((), (), (), one.lif_cycles(setup)))
                found.append(layer_counts(setup, group.as_run(layer), scheduled, joined(works), windows, watch))
            place.keep(found)
        return list(found)

    def with_port_waits(self, setup: Setup, group: GroupPlan, counts: Sequence[LayerCounts]) -> list[LayerCounts]:
        watch, setup, group, counts = setup.watch, setup.with_stores_of_any_size, group.decided, tuple(counts)
        place = setup.memo.place(self.with_port_waits, setup, group, counts)
        if (found := place.known) is None:
            found = []
            for index, traffic, counted in zip(group.indices, group.layers, counts, strict=True):
                windows = window_works(setup, setup.network.layers[index], group)
                found.append(with_window_port_stalls(setup, windows, counted, traffic.tiling, watch))
            place.keep(found)
        return list(found)

    def count_training(self, setup: Setup, plan: Plan, keeping: Keeping) -> list[Stages]:
        from lifsim.accounting.own.stages import training_counts

        return training_counts(self, setup, plan, keeping)

    def with_training_port_waits(
        self, setup: Setup, plan: Plan, layers: Sequence[Stages], keeping: Keeping
    ) -> list[Stages]:
        from lifsim.accounting.own.stage_ports import with_training_port_stalls
        from lifsim.training.group_orders import orders_of
        from lifsim.training.sizes import TrainingSizes

        found, sizes = [], TrainingSizes(plan.facts, plan.chip, setup.batch, keeping)
        for group in plan.groups:
            for index, orders in orders_of(sizes, group).items():
                layer, stages = setup.network.layers[index], layers[index]
                found.append(with_training_port_stalls(setup, sizes, group, orders, layer, stages))
        return found
