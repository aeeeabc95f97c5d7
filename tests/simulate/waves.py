"""Runs under a plan that is given, not searched for."""

from __future__ import annotations

import dataclasses

from lifsim.accounting import ACCOUNTINGS, Setup
from lifsim.accounting.counts import LayerCounts
from lifsim.accounting.machine import Machine
from lifsim.graph.states import channels_by_layer, states_of
from lifsim.hardware.array import sparsity_of
from lifsim.keeping import KEEPINGS
from lifsim.memo import Shared
from lifsim.model.arch import Arch
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.play.trial import Trial, Tried
from lifsim.schedule.plan import Plan
from lifsim.schedule.traffic import DramBytes
from lifsim.simulate.options import Options
from lifsim.simulate.pipeline import bank_of
from lifsim.simulate.spikes import read_spikes


def rated(network: Network, rate: float = 0.3) -> Network:
    """With spikes of a rate of their own."""
    rates = {layer.name: (rate,) for layer in network.layers}
    return dataclasses.replace(network, spikes=dataclasses.replace(network.spikes, rates=rates))


def trial(network: Network, sharing: Sharing, arch: Arch, batch: int) -> Trial:
    """What plans are tried under."""
    spikes = read_spikes(network, sharing, Options(batch=batch), sparsity_of(arch.array))
    accounting, states, shared = ACCOUNTINGS[arch.accounting], states_of(network, sharing), Shared()
    setup = Setup(
        network, channels_by_layer(network, states), Machine.of(arch), bank_of(arch, network, states),
        spikes.batch, spikes.kept, shared.parts,
    )  # fmt: skip
    return Trial(setup, accounting, accounting.costs(arch), False, KEEPINGS["stored"], shared.runs)


def ran(network: Network, sharing: Sharing, arch: Arch, plan: Plan, batch: int) -> Tried:
    """What a plan comes to."""
    return trial(network, sharing, arch, batch).of(plan)


def counted(network: Network, sharing: Sharing, arch: Arch, plan: Plan, batch: int) -> list[LayerCounts]:
    """What its layers do, with waits for ports."""
    tried = trial(network, sharing, arch, batch)
    found: list[LayerCounts] = []
    for group in plan.groups:
        layers = tried.accounting.count(tried.setup, plan.facts, group)
        found += tried.accounting.with_port_waits(tried.setup, group, layers)
    return found


def assert_books_balance(plan: Plan, tried: Tried) -> DramBytes:
    """Every byte of `plan` is asked for; all that the array does is in some step; cycles are the sum of their causes.
    Returns the bytes."""
    moved = sum((record.counts.dram_bytes for record in tried.records), DramBytes())
    assert moved == plan.dram
    if tried.timeline is not None:
        steps = tried.timeline.steps
        assert steps.moves.bytes.sum() == moved.total
        cycles = [record.counts.cycles for record in tried.records]
        work = sum(one.array + one.fill_drain + one.lif for one in cycles) + sum(tried.timeline.port_cycles)
        assert steps.program.step_cycles.sum() == work
        assert sum(one.total for one in cycles) == tried.timeline.timing.total
    return moved
