"""The simulator on one screen: inputs in, balanced result out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import starmap

from lifsim.accounting import ACCOUNTINGS, Accounting, Asked, Setup
from lifsim.accounting.counts import LayerCounts
from lifsim.accounting.machine import Machine
from lifsim.accounting.prices import Costs, area_of, energy_of
from lifsim.errors import Fault, InputError, collecting
from lifsim.graph.states import states_of
from lifsim.hardware.array import sparsity_of
from lifsim.hardware.lif_unit import lif_bank
from lifsim.memo import Shared
from lifsim.model.arch import Arch
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.schedule.chip import Chip
from lifsim.schedule.lif_memory import lif_memory
from lifsim.schedule.plan import Plan
from lifsim.simulate.inputs import Inputs
from lifsim.simulate.options import Options
from lifsim.simulate.planning import planned
from lifsim.simulate.result import LayerRecord, Result, Totals
from lifsim.simulate.spikes import Spikes, fires_own, read_spikes
from lifsim.simulate.steps import visits
from lifsim.simulate.timing import Timeline, timed
from lifsim.simulate.training import kept_by, trained, training_notes
from lifsim.training.refusals import training_faults
from lifsim.watch import Watch, part_of, unwatched


def run(arch: Arch, network: Network, sharing: Sharing, options: Options, watch: Watch = unwatched) -> Result:
    """Simulate `network` under `sharing` on `arch`.

    The spikes say how much work every output pixel is; the schedule says what runs when, what stays on chip and what
    moves; the array, the LIF units and the buffers are counted event by event; step by step they wait for the DRAM; the
    price list turns counts into energy and area. `watch` is told how far it is. Raises InputError where the inputs do
    not go together.
    """
    spikes = read_spikes(network, sharing, options, sparsity_of(arch.array), watch)
    return simulate(arch, network, sharing, options, spikes, watch=watch)


def simulate(
    arch: Arch,
    network: Network,
    sharing: Sharing,
    options: Options,
    spikes: Spikes,
    shared: Shared | None = None,
    watch: Watch = unwatched,
) -> Result:
    """`run` on spikes that are read already, so that runs beside each other read them once; `shared` keeps the parts
    that runs of one network on one set of spikes have in common."""
    accounting = ACCOUNTINGS[arch.accounting]
    _require_known(accounting, arch, network, options, spikes)
    shared, machine = shared or Shared(), Machine.of(arch)
    datapaths = max((lif.neuron.datapaths for lif in network.lifs), default=1)
    bank = lif_bank(arch.lif, arch.array.pes, sharing.channels, datapaths)
    setup = Setup(network, sharing, machine, bank, spikes.batch, spikes.kept, shared.parts, watch)
    costs, states = accounting.costs(arch), states_of(network, sharing)
    plan = planned(setup, states, Chip.of(arch), accounting, options, costs) if accounting.scheduled else None
    if plan is None:
        records, timeline = _priced(setup, accounting.count_unscheduled(network, arch), costs), None
    elif options.mode == "training":
        records, timeline = trained(setup, accounting, plan, costs, reverse=options.bptt == "reversed")
    else:
        if all(group.tick_batched for group in plan.groups):  # of a buffer for membranes matters that there is one
            alike = replace(setup, machine=machine.without_membranes())
            counts, timeline = shared.runs.of(_counted, alike, accounting, plan)
        else:
            counts, timeline = _counted(setup, accounting, plan)
        records = _priced(setup, counts, costs)
    memory = lif_memory(network, sharing, states, arch.precision.membrane_bits, spikes.batch)
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
            area_of(arch, costs, bank.datapaths),
            bank.units,
            kept_by(options, memory),
            timeline.timing.dram if timeline else None,
        ),
        notes=notes(arch, network, sharing, options, spikes),
        timeline=timeline,
        plan=plan,
    )


def _require_known(accounting: Accounting, arch: Arch, network: Network, options: Options, spikes: Spikes) -> None:
    """Raise InputError with all that the accounting does not know of a run, and all that forbids to train."""
    training = options.mode == "training"
    faults = [*accounting.faults(Asked(training, options.schedule, spikes.batch, spikes.provenance.kind))]
    if training and not (accounting.scheduled and accounting.trains):
        faults.append(Fault(f"training must be inference: accounting {accounting.name} knows no other", path="mode"))
    elif training:
        faults += training_faults(network, arch, reverse=options.bptt == "reversed")
    if faults:
        raise InputError(faults)


def _counted(setup: Setup, accounting: Accounting, plan: Plan) -> tuple[list[LayerCounts], Timeline | None]:
    """The events of every layer under `plan`, and their times."""
    counts = []
    for group in plan.groups:
        layers = accounting.count(setup, plan.facts, group)
        counts += accounting.with_port_waits(setup, group, layers) if setup.machine.waits else layers
    if not setup.machine.waits:
        return counts, None
    return timed(setup.machine, visits(plan, setup.batch, setup.memo), counts, setup.watch)


def _priced(setup: Setup, counts: Sequence[LayerCounts], costs: Costs) -> tuple[LayerRecord, ...]:
    return tuple(LayerRecord(layer, energy_of(layer, costs, setup.machine, setup.bank.datapaths)) for layer in counts)


def run_sharings(
    inputs: Inputs, sharings: Sequence[str], baseline: str | None = None, watch: Watch = unwatched
) -> list[Result]:
    """Runs that differ in sharing only, on the same spikes unless each fires its own; that of sharing `baseline` stores
    its membranes if they are for training. Raises InputError with the faults of all sharings."""
    return list(starmap(simulate, _under_sharings(inputs, sharings, baseline, watch)))


def run_beside_baseline(inputs: Inputs, watch: Watch = unwatched) -> tuple[Result, Result | None]:
    """The run, and the run without sharing to compare it with (None if the run itself is that)."""
    if inputs.sharing == Sharing():
        return next(starmap(simulate, _under_sharings(inputs, ["none"], None, watch))), None
    shared, unshared = starmap(simulate, _under_sharings(inputs, [str(inputs.sharing), "none"], "none", watch))
    return shared, unshared


def _under_sharings(
    inputs: Inputs, sharings: Sequence[str], baseline: str | None, watch: Watch
) -> Iterator[tuple[Arch, Network, Sharing, Options, Spikes, Shared, Watch]]:
    """What `simulate` takes, run by run."""
    faults: list[Fault] = []
    parsed: list[Sharing] = []
    for text in sharings:
        with collecting(faults):
            parsed.append(Sharing.parse(text))
            states_of(inputs.network, parsed[-1])
    if faults:
        raise InputError(faults)
    seen: tuple[Spikes, Shared] | None = None
    stored = inputs.options.model_copy(update={"bptt": "stored"})
    for sharing in parsed:
        here = part_of(f"sharing {sharing}", watch)
        if seen is None or fires_own(inputs.network, inputs.options):
            seen = read_spikes(inputs.network, sharing, inputs.options, sparsity_of(inputs.arch.array), here), Shared()
        options = stored if str(sharing) == baseline else inputs.options
        yield inputs.arch, inputs.network, sharing, options, *seen, here


def notes(arch: Arch, network: Network, sharing: Sharing, options: Options, spikes: Spikes) -> tuple[str, ...]:
    """What a reader of the figures must know."""
    accounting = ACCOUNTINGS[arch.accounting]
    said = [*accounting.notes]
    if accounting.reads_spikes:
        said += _spike_notes(network, sharing, spikes)
    return (*said, *training_notes(network)) if options.mode == "training" else tuple(said)


def _spike_notes(network: Network, sharing: Sharing, spikes: Spikes) -> list[str]:
    """Where they come from, and what that means."""
    said, origin = [], spikes.provenance
    if origin.kind == "rates":
        kind = "measured" if origin.measured else "assumed, not measured"
        said.append(f"spikes are random at {kind} rates: {origin.source}")
    elif origin.kind == "engine":
        weights = "trained weights" if origin.measured else f"calibrated weights, which fire at {_met(network)}"
        said.append(f"spikes are the network's own under sharing {sharing}, with {weights}")
    elif not origin.measured:
        said.append(f"the spikes of the trace were drawn at random: {origin.source}")
    if origin.images == 1 < spikes.batch:
        said.append(f"the trace holds one image, whose spikes stand for all {spikes.batch}")
    if origin.recorded_under not in (None, str(sharing)):
        recorded = f"the trace was recorded under sharing {origin.recorded_under}"
        said.append(f"{recorded}; a network trained under {sharing} fires other spikes")
    return said


def _met(network: Network) -> str:
    """The rates that calibration meets: where filters are a second operand, there are no weights to tune."""
    free = [layer.lif.name for layer in network.layers if layer.lif and layer.operand is not None]
    rates = "the workload's rates"
    return f"{rates}, but for {', '.join(free)}: products of two tensors have no weights to tune" if free else rates
