"""The simulator on one screen: inputs in, balanced result out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lifsim.accounting import ACCOUNTINGS, Accounting, Asked, Setup
from lifsim.accounting.books import EnergyPj
from lifsim.accounting.machine import Machine
from lifsim.accounting.prices import BUFFERS, area_of, unused_buffers
from lifsim.config.given_rates import at_given_rates, without_use
from lifsim.errors import Fault, InputError
from lifsim.graph.bare import without_lif
from lifsim.graph.states import State, any_shared, channels_by_layer, left_unshared, most_channels, states_of
from lifsim.hardware.array import dataflow_of, shape_of, sparsity_of
from lifsim.hardware.gemm import ceil_div
from lifsim.hardware.lif_unit import LifBank, NeuronNeeds, lif_bank
from lifsim.keeping import KEEPINGS
from lifsim.memo import Shared
from lifsim.model.arch import Arch
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.note import Note
from lifsim.play.dram import DramActivity
from lifsim.play.gradient_notes import gradient_notes
from lifsim.play.record import LayerRecord, leaking
from lifsim.play.training import keeping_notes
from lifsim.play.trial import Trial, priced
from lifsim.schedule.chain_notes import chain_notes
from lifsim.schedule.chip import Chip
from lifsim.schedule.leaving import leaving, lets_go
from lifsim.schedule.lif_memory import lif_memory, run_together
from lifsim.simulate.dram_room import require_dram_room
from lifsim.simulate.exits import exit_notes
from lifsim.simulate.options import Options
from lifsim.simulate.planning import planned
from lifsim.simulate.result import Result, Totals
from lifsim.simulate.spikes import Spikes, at_its_rates, read_spikes, trace_of
from lifsim.simulate.unread import chunk_note
from lifsim.training.norm_notes import norm_notes, twice_note
from lifsim.training.optimizer import optimizer_notes
from lifsim.training.refusals import training_faults
from lifsim.units import counted, format_si
from lifsim.watch import Watch, unwatched

DECISIVE_SHARE = 0.01
"""Of all energy: from there on it matters whether idle LIF units toggle."""


def run(arch: Arch, network: Network, sharing: Sharing, options: Options, watch: Watch = unwatched) -> Result:
    """Simulate `network` under `sharing` on `arch`.

    The spikes say how much work every output pixel is; the schedule says what runs when, what stays on chip and what
    moves; the array, the LIF units and the buffers are counted event by event; step by step they wait for the DRAM; the
    price list turns counts into energy and area. `watch` is told how far it is. Raises InputError where the inputs do
    not go together.
    """
    shared = Shared()
    require_dram_room(arch, network, sharing, options, shared.parts)
    spikes = read_spikes(network, sharing, options, sparsity_of(arch.array), watch)
    return simulate(arch, network, sharing, options, spikes, shared, watch)


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
    that runs beside each other have in common."""
    accounting = ACCOUNTINGS[arch.accounting]
    _require_known(accounting, arch, network, options, spikes)
    shared, machine = shared or Shared(), Machine.of(arch)
    states = shared.parts.of(states_of, network, sharing)
    bank = bank_of(arch, network, states)
    setup = Setup(
        network, channels_by_layer(network, states), machine, bank, spikes.batch, spikes.kept, shared.parts, watch
    )
    costs = accounting.costs(arch)
    keeping = KEEPINGS[options.bptt]
    if accounting.scheduled:
        trial = Trial(setup, accounting, costs, options.mode == "training", keeping, shared.runs)
        plan, tried, of_schedule = planned(trial, states, Chip.of(arch), options)
        if spikes.exits is not None and lets_go(plan):
            plan = leaving(plan, spikes.exits.exits)
        records, timeline = tried or trial.of(plan)
        bank, groups = trial.bank_for(plan), run_together(plan)
    else:
        counted = accounting.count_unscheduled(at_its_rates(network, options), arch)
        plan, records, timeline, of_schedule, groups = None, priced(setup, counted, costs), None, (), ()
    alike = groups if options.schedule == "timestep" or not any_shared(states) else ()
    bits = arch.precision.membrane_bits
    memory = shared.parts.of(lif_memory, network, states, bits, spikes.batch, keeping, groups, alike)
    trace = trace_of(network, options)
    did = DramActivity.of(timeline.dram, costs.dram) if timeline and timeline.dram else None
    totals = Totals.of(records, arch, area_of(arch, costs, bank), bank.units, memory, did)
    return Result(
        arch=arch,
        network=network,
        sharing=sharing,
        options=options.model_copy(update={"batch": spikes.batch, "trace": trace and trace.absolute()}),
        spikes=spikes.provenance,
        records=records,
        totals=totals,
        notes=(
            *notes(arch, network, sharing, states, options, spikes),
            *(gradient_notes(network, machine, records, costs) if options.mode == "training" else ()),
            *of_schedule,
            *(exit_notes(plan, spikes.exits) if plan and spikes.exits else ()),
            *(chunk_note(plan, options.chunk) if plan else ()),
            *(chain_notes(plan, sharing) if plan else ()),
            *(twice_note(plan, spikes.batch, keeping) if plan and options.mode == "training" else ()),
            *(keeping_notes(plan, network, states, keeping) if plan and options.mode == "training" else ()),
            *idle_notes(totals.energy_pj),
            *buffer_notes(arch, records),
        ),
        timeline=timeline,
        plan=plan,
        exits=spikes.exits,
    )


def _require_known(accounting: Accounting, arch: Arch, network: Network, options: Options, spikes: Spikes) -> None:
    """Raise InputError with all that the accounting does not know of a run, and all that forbids to train."""
    training = options.mode == "training"
    schedule = options.schedule if options.groups is None else "groups"
    faults = [*accounting.faults(Asked(training, schedule, spikes.batch, spikes.provenance.kind, options.chunk))]
    if training and not (accounting.scheduled and accounting.trains):
        faults.append(Fault(f"training must be inference: accounting {accounting.name} knows no other", path="mode"))
    elif training:
        faults += training_faults(network, arch, KEEPINGS[options.bptt])
    if not accounting.scheduled:
        rule = f"must go without accounting {accounting.name}, which knows no schedule that an image could leave"
        faults += [Fault(rule, path=name) for name in options.exit_options]
    if faults:
        raise InputError(faults)


def bank_of(arch: Arch, network: Network, states: Sequence[State]) -> LifBank:
    """The LIF units and membrane registers of `arch` for the neurons of `network` that need most."""
    needs = NeuronNeeds(
        datapaths=max((lif.neuron.datapaths for lif in network.lifs), default=1),
        variables=max((len(lif.neuron.states) for lif in network.lifs), default=1),
    )
    shape = shape_of(arch.array)
    held, most = dataflow_of(arch.array).membrane_registers(shape), most_channels(states)
    # A layer that shares less than others needs the more registers, but no more than a fold of it has outputs.
    fewer = [
        ceil_div(min(held, min(layer.pixels, shape.rows) * min(layer.filters, shape.cols)), groups)
        for layer, groups in zip(network.layers, channels_by_layer(network, states), strict=True)
        if layer.lif and groups < most
    ]
    return lif_bank(arch.lif, arch.array.pes, most, needs, max([ceil_div(held, most), *fewer]))


def notes(
    arch: Arch, network: Network, sharing: Sharing, states: Sequence[State], options: Options, spikes: Spikes
) -> tuple[str, ...]:
    """What a reader of the figures must know; `states`: what the network has under `sharing`."""
    accounting = ACCOUNTINGS[arch.accounting]
    said = [*accounting.notes]
    if sharing.shares and network.lifs and not any_shared(states):
        kept = "" if all(lif.share for lif in network.lifs) else " (its file keeps some from it: share: false)"
        none = f"{sharing} is none here: no LIF layers of this network can share"
        said.append(Note(f"{none}{kept}", none))
    if bare := without_lif(network):
        way_out = "a `lif` line behind a layer makes it fire"
        reads = f"no LIF stands behind {', '.join(bare)}: the next layers read sums, not spikes ({way_out})"
        said.append(
            Note(reads, f"no LIF stands behind {counted(len(bare), 'layer')}: the next ones read sums, not spikes")
        )
    if left := left_unshared(network, sharing):
        own = f"{sharing}: membranes of their own have"
        said.append(Note(f"{own} {', '.join(left)}", f"{own} {counted(len(left), 'LIF layer')}"))
    if arch.components_of is not None:
        lent = f"{arch.name} names no components: PEs and LIF units are priced as those of {arch.components_of}"
        said.append(Note(f"{lent} (lifsim arch show)", lent))
    device = arch.dram.device
    if device is not None and device.borrowed_from is not None and arch.dram.charges_device:
        borrowed = f"is charged with the currents of {device.borrowed_from}"
        said.append(Note(f"the DRAM, {device.name}, {borrowed}", f"the DRAM {borrowed}"))
    if accounting.reads_spikes:
        said += _spike_notes(at_given_rates(network, options.rate), sharing, spikes, options)
    if options.mode == "training":
        said += norm_notes(network, spikes.batch)
        said += optimizer_notes(network, arch, spikes.batch)
    return tuple(said)


def idle_notes(energy: EnergyPj) -> Iterator[str]:
    """Whether it matters that LIF units toggle without work: fewer of them then save what a clock gate would."""
    saved, spent = energy.compute.lif.total - energy.lif_if.clock_gated.total, energy.total.total
    if saved >= DECISIVE_SHARE * spent:
        toggle = f"idle LIF units toggle: {saved / spent:.1%} of the energy"
        way_out = "what fewer units save of it, a clock gate saves too (idle: clock_gated in components of tag lif)"
        yield Note(f"{toggle}; {way_out}", f"{toggle}; a clock gate saves it")


def buffer_notes(arch: Arch, records: Sequence[LayerRecord]) -> Iterator[str]:
    """Of each buffer that holds nothing all run, what that costs and what would save it."""
    unused = unused_buffers(record.counts for record in records)
    leaks = leaking(records, arch.buffers)
    for name in BUFFERS:
        buffer = getattr(arch.buffers, name)
        if name not in unused:
            if buffer.idle == "gated":
                yield f"the {name} buffer is in use: it stays powered, whatever buffers.{name}.idle says"
        elif buffer.idle == "gated":
            yield f"the {name} buffer holds nothing all run, and is switched off (buffers.{name}.idle)"
        elif leaks[name]:
            way_out = f"--set buffers.{name}.idle=gated saves that"
            yield f"the {name} buffer holds nothing all run and leaks {format_si(leaks[name] * 1e-12, 'J')}: {way_out}"


def _spike_notes(network: Network, sharing: Sharing, spikes: Spikes, options: Options) -> list[str]:
    """Where they come from, and what that means."""
    said, origin = list[str](), spikes.provenance
    if origin.kind == "rates":
        kind = "measured" if origin.measured else "assumed, not measured"
        scale = "" if options.rates_scale == 1 else f" times {options.rates_scale:g}"
        drawn = f"spikes are random at {kind} rates{scale}"
        said.append(Note(f"{drawn}: {origin.source}", "" if origin.measured else drawn))
        if network.spikes.pruned:
            brief = "the spikes are a pruned network's, its weights are counted dense"
            pruned = "these are the spikes of a pruned network; its weights are counted dense: every one is loaded"
            said.append(Note(pruned, brief))
        if unused := without_use(network, options.rate or ()):
            said.append(
                f"the rate that is given of {', '.join(unused)} is of no use: every value of the image is worked on"
            )
    elif origin.kind == "engine":
        weights = "trained weights" if origin.measured else f"calibrated weights, which fire at {_met(network)}"
        brief = "" if origin.measured else "spikes are those of calibrated weights, not of trained ones"
        said.append(Note(f"spikes are the network's own under sharing {sharing}, with {weights}", brief))
    elif not origin.measured:
        drawn = "the spikes of the trace were drawn at random"
        said.append(Note(f"{drawn}: {origin.source}", drawn))
    if origin.images == 1 < spikes.batch:
        one = f"the trace holds one image, whose spikes stand for all {spikes.batch}"
        said.append(Note(one, one))
    if not _recorded_alike(network, sharing, origin.recorded_under):
        recorded = f"the trace was recorded under sharing {origin.recorded_under}"
        other = f"{recorded}; a network trained under {sharing} fires other spikes"
        said.append(Note(other, f"recorded under {origin.recorded_under}; trained under {sharing} it fires others"))
    return said


def _recorded_alike(network: Network, sharing: Sharing, recorded: str | None) -> bool:
    """Whether what fired the spikes had the membranes that `sharing` gives, if that is known."""
    if recorded in (None, str(sharing)):
        return True
    try:
        return states_of(network, Sharing.parse(str(recorded))) == states_of(network, sharing)
    except InputError:
        return False


def _met(network: Network) -> str:
    """The rates that calibration meets: where filters are a second operand, there are no weights to tune."""
    free = [layer.lif.name for layer in network.layers if layer.lif and layer.operand is not None]
    rates = "the workload's rates"
    return f"{rates}, but for {', '.join(free)}: products of two tensors have no weights to tune" if free else rates
