"""The simulator on one screen: inputs in, balanced result out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lifsim.config.arch import Arch
from lifsim.config.network import Network
from lifsim.config.sharing import Sharing, states_of
from lifsim.errors import Fault, InputError, collecting
from lifsim.hardware.lif_unit import lif_bank
from lifsim.schedule.lif_memory import lif_memory
from lifsim.schedule.plan import Plan
from lifsim.simulate.array_work import sparsity_of
from lifsim.simulate.counter import Counter
from lifsim.simulate.counts import LayerCounts
from lifsim.simulate.inputs import Inputs
from lifsim.simulate.options import Options
from lifsim.simulate.ports import with_port_stalls
from lifsim.simulate.pricing import Costs, area_of, costs_of, energy_of
from lifsim.simulate.result import LayerRecord, Result, Totals
from lifsim.simulate.reuse import Reuse
from lifsim.simulate.spikes import Spikes, fires_own, read_spikes
from lifsim.simulate.timing import Timeline, timed
from lifsim.simulate.trained import kept_by, trained, training_notes
from lifsim.simulate.visits import visits
from lifsim.watch import Watch, part_of, unwatched


def run(arch: Arch, network: Network, sharing: Sharing, options: Options, watch: Watch = unwatched) -> Result:
    """Simulate `network` under `sharing` on `arch`.

    The spikes say how much work every output pixel is; the schedule says what runs when, what stays on chip and what
    moves; the array, the LIF units and the buffers are counted event by event; step by step they wait for the DRAM; the
    price list turns counts into energy and area. `watch` is told how far it is. Raises InputError where the inputs do
    not go together.
    """
    spikes = read_spikes(network, sharing, options, sparsity_of(arch), watch)
    return simulate(arch, network, sharing, options, spikes, watch=watch)


def simulate(
    arch: Arch,
    network: Network,
    sharing: Sharing,
    options: Options,
    spikes: Spikes,
    reuse: Reuse | None = None,
    watch: Watch = unwatched,
) -> Result:
    """`run` on spikes that are read already, so that runs beside each other read them once; `reuse` keeps the parts
    that runs of one network on one set of spikes have in common."""
    costs = costs_of(arch)
    bank = lif_bank(arch.lif, arch.array.rows * arch.array.cols, sharing.channels)
    counter = Counter(network, sharing, arch, bank, spikes, reuse or Reuse(), watch)
    memory = lif_memory(network, sharing, arch.precision.membrane_bits, spikes.batch)
    records, timeline, plan = _records(counter, options, costs)
    trace = options.trace or network.spikes.trace
    return Result(
        arch=arch,
        network=network,
        sharing=sharing,
        options=options.model_copy(update={"batch": spikes.batch, "trace": trace and trace.absolute()}),
        spikes=spikes.provenance,
        records=records,
        totals=Totals.of(
            records,
            arch,
            area_of(arch, costs, bank.units),
            bank.units,
            kept_by(options, memory),
            timeline.timing.dram if timeline else None,
        ),
        notes=notes(arch, network, sharing, options, spikes),
        timeline=timeline,
        plan=plan,
    )


def _records(
    counter: Counter, options: Options, costs: Costs
) -> tuple[tuple[LayerRecord, ...], Timeline | None, Plan | None]:
    """The layers, their times, and the schedule."""
    if options.mode == "training":
        return trained(counter, options, costs)
    counts, timeline, plan = _count(counter, options, costs)
    units = counter.bank.units
    return tuple(LayerRecord(c, energy_of(c, costs, counter.arch, units)) for c in counts), timeline, plan


def _count(
    counter: Counter, options: Options, costs: Costs
) -> tuple[Sequence[LayerCounts], Timeline | None, Plan | None]:
    """The events of every layer, by LIFSim's own accounting or, for cross-checks, by SATA_Sim's; their times; and the
    schedule."""
    arch, spikes = counter.arch, counter.spikes
    if arch.accounting == "satasim":
        from lifsim.simulate import satasim

        satasim.refuse_unknown_inputs(spikes.batch, spikes.provenance.kind == "trace", options.schedule)
        return satasim.count_layers(counter.network, arch), None, None
    plan = counter.plan(options, costs)
    counts, timeline = counter.reuse.counted(
        counter.sharing, arch, plan, lambda machine: _scheduled(replace(counter, arch=machine), plan)
    )
    return counts, timeline, plan


def _scheduled(counter: Counter, plan: Plan) -> tuple[Sequence[LayerCounts], Timeline | None]:
    """The events of every layer under `plan`, and their times."""
    network, arch = counter.network, counter.arch
    counts = [counts for group in plan.groups for counts in counter.count(group)]
    if arch.dram.model == "ideal":  # nobody waits
        return counts, None
    counts = [
        with_port_stalls(layer, counter, counted, tick_batched=plan.group_of(layer.index).tick_batched)
        for layer, counted in zip(network.layers, counts, strict=True)
    ]
    visited = visits(network, counter.sharing, arch, counter.spikes.batch, plan, counter.reuse)
    return timed(arch, visited, counts, counter.watch)


def run_sharings(
    inputs: Inputs, sharings: Sequence[str], baseline: str | None = None, watch: Watch = unwatched
) -> list[Result]:
    """Runs that differ in sharing only, on the same spikes unless each fires its own; that of sharing `baseline` stores
    its membranes if they are for training. Raises InputError with the faults of all sharings."""
    faults: list[Fault] = []
    parsed: list[Sharing] = []
    for text in sharings:
        with collecting(faults):
            parsed.append(Sharing.parse(text))
            states_of(inputs.network, parsed[-1])
    if faults:
        raise InputError(faults)
    seen: tuple[Spikes, Reuse] | None = None
    stored = inputs.options.model_copy(update={"bptt": "stored"})
    results = []
    for sharing in parsed:
        here = part_of(f"sharing {sharing}", watch)
        if seen is None or fires_own(inputs.network, inputs.options):
            seen = read_spikes(inputs.network, sharing, inputs.options, sparsity_of(inputs.arch), here), Reuse()
        options = stored if str(sharing) == baseline else inputs.options
        results.append(simulate(inputs.arch, inputs.network, sharing, options, *seen, here))
    return results


def run_beside_baseline(inputs: Inputs, watch: Watch = unwatched) -> tuple[Result, Result | None]:
    """The run, and the run without sharing to compare it with (None if the run itself is that)."""
    if inputs.sharing == Sharing():
        return run_sharings(inputs, ["none"], watch=watch)[0], None
    shared, unshared = run_sharings(inputs, [str(inputs.sharing), "none"], baseline="none", watch=watch)
    return shared, unshared


def notes(arch: Arch, network: Network, sharing: Sharing, options: Options, spikes: Spikes) -> tuple[str, ...]:
    """What a reader of the figures must know."""
    if arch.accounting == "satasim":
        return ("counted and priced as SATA_Sim does, to the letter; sparsity is the workload's mean rate",)
    said, origin = [], spikes.provenance
    if origin.kind == "rates":
        kind = "measured" if origin.measured else "assumed, not measured"
        said.append(f"spikes are random at {kind} rates: {origin.source}")
    elif origin.kind == "engine":
        weights = "trained weights" if origin.measured else "calibrated weights, which fire at the workload's rates"
        said.append(f"spikes are the network's own under sharing {sharing}, with {weights}")
    elif not origin.measured:
        said.append(f"the spikes of the trace were drawn at random: {origin.source}")
    if origin.images == 1 < spikes.batch:
        said.append(f"the trace holds one image, whose spikes stand for all {spikes.batch}")
    if origin.recorded_under not in (None, str(sharing)):
        recorded = f"the trace was recorded under sharing {origin.recorded_under}"
        said.append(f"{recorded}; a network trained under {sharing} fires other spikes")
    return (*said, *training_notes(network)) if options.mode == "training" else tuple(said)
