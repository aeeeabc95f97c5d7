"""The records of a training run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from lifsim.accounting import Setup
from lifsim.accounting.books import added
from lifsim.accounting.counts import LayerCounts
from lifsim.accounting.prices import Costs, energy_of
from lifsim.config.arch import Arch
from lifsim.config.network import Network
from lifsim.errors import Fault, collecting
from lifsim.schedule.lif_memory import LifMemory
from lifsim.schedule.plan import Plan
from lifsim.schedule.training import require_soft_reset
from lifsim.simulate.options import Options
from lifsim.simulate.result import LayerRecord, StageRecord
from lifsim.simulate.timing import Timeline
from lifsim.simulate.training import Stages, merged, require_gradient_unit, training_counts
from lifsim.simulate.training_time import timed_training


def trained(
    setup: Setup, plan: Plan, costs: Costs, *, reverse: bool
) -> tuple[tuple[LayerRecord, ...], Timeline | None]:
    """One batch forward and back under `plan`; reverse: whether membranes are recomputed."""
    layers, timeline = training_counts(setup, plan, reverse=reverse), None
    if setup.machine.waits:
        layers, timeline = timed_training(setup, plan, layers, reverse=reverse)
    return tuple(_record(stages, setup, costs) for stages in layers), timeline


def training_faults(network: Network, arch: Arch, *, reverse: bool) -> list[Fault]:
    """All that forbids to train."""
    faults: list[Fault] = []
    with collecting(faults):
        require_gradient_unit(arch)
    if reverse:
        with collecting(faults):
            require_soft_reset(network)
    return faults


def kept_by(options: Options, memory: LifMemory) -> LifMemory:
    """What a training run keeps for its backward pass: all membranes, or the last states."""
    if options.mode != "training":
        return memory
    return replace(memory, backward=memory.forward if options.bptt == "reversed" else memory.backward_baseline)


def training_notes(network: Network) -> Iterator[str]:
    """Where the sparsities come from."""
    gradients = network.gradients
    kind = "measured" if gradients.measured else "assumed, not measured on this network"
    zeros = f"{gradients.membrane_sparsity:.0%} of membrane and {gradients.firing_sparsity:.0%} of firing gradients"
    yield f"{zeros} are zero ({kind}): {gradients.provenance}"


def _record(stages: Stages, setup: Setup, costs: Costs) -> LayerRecord:
    records = {name: _stage(counts, setup, costs) for name, counts in stages.items()}
    return LayerRecord(merged(stages), added([stage.energy_pj for stage in records.values()]), records)


def _stage(counts: LayerCounts, setup: Setup, costs: Costs) -> StageRecord:
    energy = energy_of(counts, costs, setup.machine, setup.bank.units, training=True)
    return StageRecord(counts.cycles, counts.ops, counts.dram_bytes, counts.sram_accesses, energy)
