"""The simulator on one screen: inputs in, balanced result out."""

from __future__ import annotations

from collections.abc import Sequence

from lifsim.accounting import ACCOUNTINGS, Accounting, Asked, Setup
from lifsim.accounting.machine import Machine
from lifsim.accounting.prices import area_of
from lifsim.errors import Fault, InputError
from lifsim.graph.states import State, any_shared, channels_by_layer, most_channels, states_of
from lifsim.hardware.array import dataflow_of, shape_of, sparsity_of
from lifsim.hardware.gemm import ceil_div
from lifsim.hardware.lif_unit import LifBank, NeuronNeeds, lif_bank
from lifsim.keeping import KEEPINGS
from lifsim.memo import Shared
from lifsim.model.arch import Arch
from lifsim.model.network import Network
from lifsim.model.sharing import Sharing
from lifsim.play.dram import DramActivity
from lifsim.play.gradient_notes import gradient_notes
from lifsim.play.sleepless import sleepless
from lifsim.play.trial import Trial, priced
from lifsim.schedule.chip import Chip
from lifsim.schedule.lif_memory import lif_memory, run_together
from lifsim.simulate.dram_room import require_dram_room
from lifsim.simulate.notes import buffer_notes, idle_notes, input_notes, plan_notes
from lifsim.simulate.options import Options
from lifsim.simulate.planning import planned
from lifsim.simulate.result import Result, Totals
from lifsim.simulate.spikes import Spikes, at_its_rates, read_spikes, trace_of
from lifsim.training.norm_notes import statistics_note
from lifsim.training.refusals import training_faults
from lifsim.watch import Watch, unwatched


def run(arch: Arch, network: Network, sharing: Sharing, options: Options, watch: Watch = unwatched) -> Result:
    """Simulate `network` under `sharing` on `arch`.

    The spikes determine the work of every output pixel. The schedule decides what runs when, what stays on chip and
    what moves. The array, the LIF units and the buffers are counted event by event; step by step they wait for the
    DRAM. The price list turns counts into energy and area. `watch` is told the progress. Raises InputError if the
    inputs do not fit each other.
    """
    shared = Shared()
    require_dram_room(arch, network, sharing, options, shared.parts, watch)
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
    """`run` on spikes that were read before, so that several runs read them once; `shared` keeps the parts that several
    runs have in common."""
    accounting = ACCOUNTINGS[arch.accounting]
    _require_known(accounting, arch, network, options, spikes)
    shared, machine = shared or Shared(), Machine.of(arch)
    states = shared.parts.of(states_of, network, sharing)
    bank = bank_of(arch, network, states)
    setup = Setup(
        network, channels_by_layer(network, states), machine, bank, spikes.batch, spikes.kept, shared.parts, watch
    )
    costs = accounting.costs(arch)
    keeping, training = KEEPINGS[options.bptt], options.mode == "training"
    if accounting.scheduled:
        trial = Trial(setup, accounting, costs, training, keeping, shared.runs)
        plan, tried, of_schedule = planned(trial, states, Chip.of(arch), options)
        if spikes.exits is not None:
            plan = spikes.exits.leave(plan)
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
            *input_notes(arch, network, sharing, states, options, spikes),
            *(gradient_notes(network, machine, records, costs) if training else ()),
            *(statistics_note(network, spikes.batch, bank.units, totals.cycles.total) if training else ()),
            *of_schedule,
            *(plan_notes(plan, network, sharing, states, options, spikes) if plan else ()),
            *idle_notes(totals.energy_pj),
            *buffer_notes(arch, records),
            *((awake.note,) if (awake := sleepless(arch.dram, totals.dram, totals.energy_pj)) else ()),
        ),
        timeline=timeline,
        plan=plan,
        exits=spikes.exits,
    )


def _require_known(accounting: Accounting, arch: Arch, network: Network, options: Options, spikes: Spikes) -> None:
    """Raise InputError with everything in a run that the accounting cannot count, and everything that rules out
    training."""
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
    # A layer that shares less than others needs more registers, but at most one per output of its folds.
    fewer = [
        ceil_div(min(held, min(layer.pixels, shape.rows) * min(layer.filters, shape.cols)), groups)
        for layer, groups in zip(network.layers, channels_by_layer(network, states), strict=True)
        if layer.lif and groups < most
    ]
    return lif_bank(arch.lif, arch.array.pes, most, needs, max([ceil_div(held, most), *fewer]))
