"""Where the ports of the buffers hold the array up, layer by layer."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from lifsim.accounting.counts import LayerCounts
from lifsim.accounting.own.array_work import lif_calls
from lifsim.accounting.own.port_work import LifPorts, lif_stalls, port_of, ports_of
from lifsim.accounting.protocol import Setup
from lifsim.hardware.array import dataflow_of, shape_of, sparsity_of
from lifsim.hardware.sram_ports import PortStalls
from lifsim.model.network import Layer
from lifsim.schedule.products import input_map_of, laid_out
from lifsim.schedule.traffic import Tiling


def with_port_stalls(
    setup: Setup, layer: Layer, counts: LayerCounts, tiling: Tiling, *, tick_batched: bool, apart: bool = False
) -> LayerCounts:
    """`counts`, which know no waiting, of `layer` cut as `tiling` says with its waits for SRAM ports. apart: whether
    its neurons are called when all its sums are in their buffer, with nothing to hide them."""
    array, stores = setup.machine.array, setup.machine.stores
    laid = laid_out(layer, shape_of(array), dataflow_of(array), tiling.cut, tick_batched=tick_batched)
    sparsity, kept, ports = sparsity_of(array), setup.kept_of(layer), ports_of(stores, counts.bits)
    waits = setup.memo.of(sparsity.waits, kept, laid, input_map_of(layer, counts.bits.spike_in), ports)
    states = layer.lif_elements // setup.channels[layer.index]
    lifs = _lif_ports(setup, layer, counts, tiling.held.all if tick_batched else states, apart=apart)
    return waiting(counts, waits if lifs is None else waits + lif_stalls(lifs, laid, sparsity, kept))


def waiting(counts: LayerCounts, waits: PortStalls) -> LayerCounts:
    """`counts`, which know no waiting, with `waits`."""
    cycles = counts.cycles
    return replace(
        counts,
        cycles=replace(
            cycles,
            total=cycles.total + waits.total,
            stall_weights=waits.weight,
            stall_spikes=waits.spike_in,
            stall_membrane=waits.membrane,
            stall_writeback=waits.psum + waits.spike_out,
        ),
        port_stalls=waits,
    )


def _lif_ports(setup: Setup, layer: Layer, counts: LayerCounts, in_buffer: int, *, apart: bool) -> LifPorts | None:
    """in_buffer: states of an image that are not in the array's registers."""
    calls = lif_calls(layer, setup.bank.pass_cycles, overlapped=setup.machine.lif.overlapped and not apart)
    if calls is None:
        return None
    stores = setup.machine.stores
    stays = in_buffer == 0 or stores.membrane.size_bytes == 0
    replayed = layer.rounds < layer.timesteps
    in_pes = dataflow_of(setup.machine.array).sums_in_pes and not apart
    stay_in_pes = in_pes or replayed or stores.psum.size_bytes == 0
    return LifPorts(
        calls,
        counts.cycles.lif,
        setup.channels[layer.index],
        layer.state_variables,
        Fraction(in_buffer * setup.channels[layer.index], layer.lif_elements),
        None if stays else port_of(stores.membrane, counts.bits.membrane),
        port_of(stores.spike_out, counts.bits.spike_out),
        None if stay_in_pes else port_of(stores.psum, counts.bits.psum),
    )
