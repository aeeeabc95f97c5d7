"""Notes on a run's figures: where its inputs come from, what its plan implies, which parts are idle."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lifsim.accounting import ACCOUNTINGS
from lifsim.accounting.energy import EnergyPj
from lifsim.accounting.prices import BUFFERS, unused_buffers
from lifsim.config.given_rates import at_given_rates, without_use
from lifsim.errors import InputError
from lifsim.graph.states import State, any_shared, left_unshared, states_of
from lifsim.graph.tensors import without_lif
from lifsim.keeping import KEEPINGS
from lifsim.model.arch import Arch
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.note import Note
from lifsim.play.record import LayerRecord, leaking
from lifsim.play.training import keeping_notes
from lifsim.schedule.chain_notes import chain_notes
from lifsim.schedule.plan import Plan
from lifsim.simulate.exits import exit_notes
from lifsim.simulate.options import Options
from lifsim.simulate.spikes import Spikes
from lifsim.simulate.unread import chunk_note
from lifsim.training.norm_notes import norm_notes, twice_note
from lifsim.training.optimizer import optimizer_notes
from lifsim.units import counted, format_si

DECISIVE_SHARE = 0.01
"""Share of all energy from which on it matters whether idle LIF units toggle."""


def input_notes(
    arch: Arch, network: Network, sharing: Sharing, states: Sequence[State], options: Options, spikes: Spikes
) -> tuple[str, ...]:
    """Notes on the inputs of a run. states: those of the network under `sharing`."""
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


def plan_notes(
    plan: Plan, network: Network, sharing: Sharing, states: Sequence[State], options: Options, spikes: Spikes
) -> Iterator[str]:
    """Notes on what the plan implies for the run."""
    if spikes.exits:
        yield from exit_notes(plan, spikes.exits)
    yield from chunk_note(plan, options.chunk)
    yield from chain_notes(plan, sharing)
    if options.mode == "training":
        keeping = KEEPINGS[options.bptt]
        yield from twice_note(plan, spikes.batch, keeping)
        yield from keeping_notes(plan, network, states, keeping)


def idle_notes(energy: EnergyPj) -> Iterator[str]:
    """A note if LIF units that toggle without work matter: fewer units then save what a clock gate would."""
    saved, spent = energy.compute.lif.total - energy.lif_if.clock_gated.total, energy.total.total
    if saved >= DECISIVE_SHARE * spent:
        toggle = f"idle LIF units toggle: {saved / spent:.1%} of the energy"
        way_out = "what fewer units save of it, a clock gate saves too (idle: clock_gated in components of tag lif)"
        yield Note(f"{toggle}; {way_out}", f"{toggle}; a clock gate saves it")


def buffer_notes(arch: Arch, records: Sequence[LayerRecord]) -> Iterator[str]:
    """For each buffer that holds nothing during the whole run, what that costs and how to save it."""
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
    """Where the spikes come from, and what that implies."""
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
    """Whether the spikes were fired by membranes shared as under `sharing`, as far as that is known."""
    if recorded in (None, str(sharing)):
        return True
    try:
        return states_of(network, Sharing.parse(str(recorded))) == states_of(network, sharing)
    except InputError:
        return False


def _met(network: Network) -> str:
    """The rates that calibration can reach: a layer whose filters are a second operand has no weights to tune."""
    free = [layer.lif.name for layer in network.layers if layer.lif and layer.operand is not None]
    rates = "the workload's rates"
    return f"{rates}, but for {', '.join(free)}: products of two tensors have no weights to tune" if free else rates
