"""The events of one layer in array, LIF units, buffers and DRAM, in whole numbers."""

from __future__ import annotations

from collections.abc import Sequence

from lifsim.accounting.books import Accesses, Cycles, Operations, SramAccesses
from lifsim.accounting.counts import ElementBits, LayerCounts, TimestepCounts
from lifsim.accounting.own.array_work import ArrayWork
from lifsim.accounting.own.port_work import input_banks
from lifsim.accounting.own.scheduled import ScheduledLayer
from lifsim.accounting.own.window_work import WindowWork
from lifsim.accounting.protocol import Setup
from lifsim.hardware.array import ArrayShape, Sparsity, pe_utilisation, shape_of, sparsity_of
from lifsim.model.arch import Precision
from lifsim.model.network import Layer
from lifsim.schedule.tensors.products import input_map_of
from lifsim.watch import Watch, unwatched


def layer_counts(
    setup: Setup,
    layer: Layer,
    scheduled: ScheduledLayer,
    work: ArrayWork,
    windows: Sequence[WindowWork],
    watch: Watch = unwatched,
) -> LayerCounts:
    """Events of `layer` over all timesteps and images, as `scheduled`; `work` is that of the array, in all its
    `windows`. watch: is told how much of the input is read."""
    shape, sparsity = shape_of(setup.machine.array), sparsity_of(setup.machine.array)
    bits = element_bits(layer, setup.network.input_bits, setup.machine.precision)
    cycles, ops = _cycles(work), _operations(layer, sparsity, work, setup.batch)
    return LayerCounts(
        name=layer.name,
        cycles=cycles,
        ops=ops,
        dram_bytes=scheduled.dram_bytes,
        sram_accesses=_sram_accesses(layer, work, scheduled, bits, setup.batch),
        registers=scheduled.membrane_registers,
        bits=bits,
        pe_utilisation=pe_utilisation(ops.occupying(skips=sparsity.skips), shape, cycles.array + cycles.fill_drain),
        tiling=scheduled.description,
        timesteps=_timesteps(layer, shape, sparsity, work, setup.batch),
        input_words=sum(_input_words(setup, one, bits.spike_in, watch) for one in windows if one.computes),
        datapaths=layer.datapaths,
    )


def _input_words(setup: Setup, one: WindowWork, bits: int, watch: Watch) -> int:
    return setup.memo.of(
        sparsity_of(setup.machine.array).input_words,
        one.kept,
        one.laid(setup.machine),
        input_map_of(one.layer, bits).watched(watch),
        input_banks(setup.machine.stores),
    )


def element_bits(layer: Layer, network_input_bits: int, precision: Precision) -> ElementBits:
    """Bits of one element in each buffer while `layer` runs."""
    real_in = network_input_bits if layer.input.name == "input" else precision.psum_bits
    return ElementBits(
        weight=precision.weight_bits if layer.operand is None else layer.operand.bits(precision.psum_bits),
        spike_in=layer.input.bits(real_in),
        spike_out=_output_bits(layer, precision.psum_bits),
        membrane=precision.membrane_bits,
        psum=precision.psum_bits,
    )


def _output_bits(layer: Layer, real_bits: int) -> int:
    """Bits of an output element: 1 for spikes, more for the counts or real values of a layer without neurons."""
    return 1 if layer.lif else max((tensor.bits(real_bits) for tensor in layer.outputs), default=real_bits)


def _cycles(work: ArrayWork) -> Cycles:
    array, fill_drain = sum(c.array for c in work.cycles), sum(c.fill_drain for c in work.cycles)
    return Cycles(
        total=array + fill_drain + work.lif_cycles,
        array=array,
        fill_drain=fill_drain,
        lif=work.lif_cycles,
        stall_weights=0,
        stall_spikes=0,
        stall_membrane=0,
        stall_writeback=0,
    )


def _operations(layer: Layer, sparsity: Sparsity, work: ArrayWork, batch: int) -> Operations:
    dense = layer.macs_per_round * layer.rounds * batch
    effective = sum(work.macs_effective)
    executed = effective if sparsity.gates else dense
    return Operations(
        macs_dense=dense,
        macs_effective=effective,
        macs_executed=executed,
        macs_multibit=executed if layer.multibit_input else 0,
        lif_updates=layer.lif_elements * layer.timesteps * batch,
    )


def _sram_accesses(
    layer: Layer, work: ArrayWork, scheduled: ScheduledLayer, bits: ElementBits, batch: int
) -> SramAccesses:
    """The array's accesses, and those of DRAM transfers: every element that moves passes through its buffer, a second
    operand through the weight buffer.

    Under timestep-major schedules, currents that are computed once and replayed wait in the psum buffer: written once
    and read at every timestep but the first; in skewed waves, once per window.
    """
    moved, array = scheduled.dram_bytes, work.all_accesses
    steps_out = layer.timesteps * layer.lif_elements if layer.lif else layer.rounds * layer.pixels * layer.filters
    waiting = 0 if scheduled.tiled else layer.lif_elements * batch * (layer.rounds < layer.timesteps)
    put, taken = waiting * layer.rounds, waiting * (layer.timesteps - layer.rounds)
    return SramAccesses(
        weight=Accesses(array.weights, moved.filters * 8 // bits.weight),
        spike_in=Accesses(array.inputs, moved.first_operand * 8 // bits.spike_in),
        spike_out=Accesses(moved.spikes_out * 8 // bits.spike_out, steps_out * batch),
        membrane=scheduled.membrane_buffer,
        psum=Accesses(array.psum_reads + taken, array.psum_writes + put),
        membrane_fill=Accesses(moved.membrane_write * 8 // bits.membrane, moved.membrane_read * 8 // bits.membrane),
    )


def _timesteps(
    layer: Layer, shape: ArrayShape, sparsity: Sparsity, work: ArrayWork, batch: int
) -> tuple[TimestepCounts, ...]:
    dense = layer.macs_per_round * batch
    occupying = work.macs_effective if sparsity.skips else (dense,) * layer.rounds
    return tuple(
        TimestepCounts(
            timestep=timestep,
            array_cycles=cycles.array,
            fill_drain_cycles=cycles.fill_drain,
            pe_utilisation=pe_utilisation(occupying[timestep], shape, cycles.total),
            macs_effective=work.macs_effective[timestep],
            input_reads=accesses.inputs,
            weight_reads=accesses.weights,
            output_writes=accesses.outputs,
        )
        for timestep, (cycles, accesses) in enumerate(zip(work.cycles, work.accesses, strict=True))
    )
