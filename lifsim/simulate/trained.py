"""The records of a training run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from lifsim.config.network import Network
from lifsim.errors import Fault, InputError, collecting
from lifsim.schedule.lif_memory import LifMemory
from lifsim.schedule.plan import Plan
from lifsim.schedule.training import require_gradients
from lifsim.simulate.books import added
from lifsim.simulate.counter import Counter
from lifsim.simulate.counts import LayerCounts
from lifsim.simulate.options import Options
from lifsim.simulate.pricing import Costs, energy_of
from lifsim.simulate.result import LayerRecord, StageRecord
from lifsim.simulate.timing import Timeline
from lifsim.simulate.training import Stages, merged, require_gradient_unit, training_counts
from lifsim.simulate.training_time import timed_training


def trained(counter: Counter, options: Options, costs: Costs) -> tuple[tuple[LayerRecord, ...], Timeline | None, Plan]:
    """One batch forward and back under the schedule that `options` ask for. Raises InputError with all that forbids
    it."""
    faults: list[Fault] = []
    if counter.arch.accounting == "satasim":
        faults.append(Fault("training must be inference: accounting satasim knows no other", path="mode"))
    with collecting(faults):
        require_gradient_unit(counter.arch)
    with collecting(faults):
        require_gradients(counter.network, reverse=options.bptt == "reversed")
    if faults:
        raise InputError(faults)
    plan = counter.plan(options, costs)
    reverse = options.bptt == "reversed"
    layers, timeline = training_counts(counter, plan, reverse=reverse), None
    if counter.arch.dram.model != "ideal":
        layers, timeline = timed_training(counter, plan, layers, reverse=reverse)
    return tuple(_record(stages, counter, costs) for stages in layers), timeline, plan


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


def _record(stages: Stages, counter: Counter, costs: Costs) -> LayerRecord:
    records = {name: _stage(counts, counter, costs) for name, counts in stages.items()}
    return LayerRecord(merged(stages), added([stage.energy_pj for stage in records.values()]), records)


def _stage(counts: LayerCounts, counter: Counter, costs: Costs) -> StageRecord:
    energy = energy_of(counts, costs, counter.arch, counter.bank.datapaths, training=True)
    return StageRecord(counts.cycles, counts.ops, counts.dram_bytes, counts.sram_accesses, energy)
