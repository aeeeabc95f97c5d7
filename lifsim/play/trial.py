"""A run under one plan: counted, played against its memory, priced."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from lifsim.accounting import Accounting, Setup
from lifsim.accounting.counts import LayerCounts
from lifsim.accounting.prices import Costs, energies_of, switched_off
from lifsim.hardware.lif_unit import LifBank
from lifsim.keeping import Keeping
from lifsim.lazy_dataclass import dataclass
from lifsim.memo import Memo
from lifsim.model.network import Network
from lifsim.play.record import LayerRecord
from lifsim.play.steps import Planned, visits
from lifsim.play.timing import Timeline, goes_at_once, timed_at_once, timed_in_sections
from lifsim.play.training import trained
from lifsim.schedule.plan import Plan
from lifsim.training.undone import registers_for_calls


class Tried(NamedTuple):
    """The outcome of a plan. timeline: None under an ideal memory."""

    records: tuple[LayerRecord, ...]
    timeline: Timeline | None


@dataclass(frozen=True)
class Trial:
    """The conditions under which plans are tried. training: whether one batch runs forward and back; keeping: how the
    backward pass gets its membranes. runs: keeps timelines for runs that differ only in what does not affect them."""

    setup: Setup
    accounting: Accounting
    costs: Costs
    training: bool
    keeping: Keeping
    runs: Memo

    def of(self, plan: Plan) -> Tried:
        """The outcome of `plan`."""
        accounting = self.accounting
        setup = replace(self.setup, bank=self.bank_for(plan))
        if self.training:
            return Tried(*trained(setup, accounting, plan, self.costs, self.runs, self.keeping))
        counts, timeline = _counted(setup, accounting, plan, self.runs)
        return Tried(priced(setup, counts, self.costs), timeline)

    def bank_for(self, plan: Plan) -> LifBank:
        """The LIF units and registers that `plan` needs, including those for u' that waits to be undone."""
        bank = holding(self.setup.bank, self.setup.network, plan)
        if not self.training:
            return bank
        layers = (plan.facts.layers[index].layer for group in plan.groups for index in group.indices)
        asked = (registers_for_calls(layer, plan.group_of(layer.index), plan.chip, self.keeping) for layer in layers)
        return replace(bank, registers=bank.registers + max(asked, default=0))


def holding(bank: LifBank, network: Network, plan: Plan) -> LifBank:
    """`bank` with a register for every state variable of the membranes that `plan` holds in the array at a time: if the
    folds of a chain alternate, more than an Nth of the outputs."""
    held = [
        traffic.tiling.held.registers * network.layers[index].state_variables
        for group in plan.groups
        for index, traffic in zip(group.indices, group.layers, strict=True)
        if traffic.tiling.cut.chains is not None and traffic.tiling.cut.chains.alternating
    ]
    return replace(bank, registers=max([bank.registers, *held]))


def priced(setup: Setup, counts: Sequence[LayerCounts], costs: Costs) -> tuple[LayerRecord, ...]:
    """The layers of a run with their energy."""
    costs = switched_off(costs, counts)
    energies = energies_of(counts, costs, setup.machine, setup.bank, setup.memo)
    return tuple(LayerRecord(layer, energy_pj) for layer, energy_pj in zip(counts, energies, strict=True))


def _counted(setup: Setup, accounting: Accounting, plan: Plan, runs: Memo) -> tuple[list[LayerCounts], Timeline | None]:
    """The events of every layer under `plan`, and their timeline, which `runs` keeps for runs that differ only in what
    does not affect time."""
    counts: list[LayerCounts] = []
    for group in plan.groups:
        if group.exits is not None:
            from lifsim.accounting.exits import exit_counts

            counts += exit_counts(setup, accounting, plan.facts, group, group.exits)
            continue
        layers = accounting.count(setup, plan.facts, group)
        counts += accounting.with_port_waits(setup, group, layers) if setup.machine.waits else layers
    if not setup.machine.waits:
        return counts, None
    planned = Planned(plan, setup.batch, setup.memo)
    if goes_at_once(setup.machine, planned):
        every = visits(plan, setup.batch, setup.memo)
        return timed_at_once(setup.machine, every, counts, runs, setup.watch)
    return timed_in_sections(setup.machine, planned, counts, runs, setup.watch)
