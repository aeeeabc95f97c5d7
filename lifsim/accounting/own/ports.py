"""Waits of the array for the ports of buffers, layer by layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from lifsim.accounting.counts import LayerCounts
from lifsim.accounting.own.port_work import LifPorts, lif_stalls, port_of, ports_of
from lifsim.accounting.own.window_work import WindowWork
from lifsim.accounting.protocol import Setup
from lifsim.hardware.array import Laid, dataflow_of, sparsity_of
from lifsim.hardware.sram_ports import PortStalls
from lifsim.model.network import Layer
from lifsim.schedule.tensors.products import input_map_of
from lifsim.schedule.traffic import Tiling
from lifsim.watch import Watch, unwatched


def with_port_stalls(
    setup: Setup, layer: Layer, counts: LayerCounts, tiling: Tiling, *, tick_batched: bool, apart: bool = False
) -> LayerCounts:
    """`counts` of `layer`, cut as `tiling` says, completed by its waits for SRAM ports. apart: whether its neurons are
    called after all its sums are in their buffer, without overlap."""
    sparsity, one = sparsity_of(setup.machine.array), WindowWork(layer, setup.kept_of(layer), tiling.cut, tick_batched)
    laid, lifs = one.laid(setup.machine), _lif_ports(setup, one, counts, tiling, apart=apart)
    waits = _array_waits(setup, one, counts, laid)
    return waiting(counts, waits + (PortStalls() if lifs is None else lif_stalls(lifs, laid, sparsity, one.kept)))


def with_window_port_stalls(
    setup: Setup, windows: Sequence[WindowWork], counts: LayerCounts, tiling: Tiling, watch: Watch
) -> LayerCounts:
    """The same for a layer that runs in these `windows`. Membranes that pass from one window to the next pass the ports
    of their buffer at the first and the last timestep of a window."""
    waits, sparsity = PortStalls(), sparsity_of(setup.machine.array)
    for one in windows:
        laid, lifs = one.laid(setup.machine), _lif_ports(setup, one, counts, tiling)
        if lifs is not None:
            lifs, kept = replace(lifs, waited=one.lif_cycles(setup)), one.kept
            place = setup.memo.place(lif_stalls, lifs, laid, sparsity, kept)
            if (held := place.known) is None:
                held = place.keep(lif_stalls(lifs, laid, sparsity, kept))
            waits += held
        waits += _array_waits(setup, one, counts, laid, watch) if one.computes else PortStalls()
    return waiting(counts, waits)


def _array_waits(
    setup: Setup, one: WindowWork, counts: LayerCounts, laid: Laid, watch: Watch = unwatched
) -> PortStalls:
    """Waits of the array for its operands, in one window or over all timesteps."""
    sparsity, ports = sparsity_of(setup.machine.array), ports_of(setup.machine.stores, counts.bits)
    read = input_map_of(one.layer, counts.bits.spike_in).watched(watch)
    return setup.memo.of(sparsity.waits, one.kept, laid, read, ports)


def waiting(counts: LayerCounts, waits: PortStalls) -> LayerCounts:
    """`counts` with `waits` added to cycles and stalls."""
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


def _lif_ports(
    setup: Setup, one: WindowWork, counts: LayerCounts, tiling: Tiling, *, apart: bool = False
) -> LifPorts | None:
    """The LIF calls of a window and the ports that they use; None without a LIF. apart: without overlap. States that
    are not in the array's registers pass their buffer."""
    layer, passed_on, channels = one.layer, (one.opens, one.closes), setup.channels[one.layer.index]
    calls = one.calls(setup)
    if calls is None:
        return None
    calls = replace(calls, overlapped=calls.overlapped and not apart)
    stores = setup.machine.stores
    in_buffer = tiling.held.all if one.tick_batched else layer.lif_elements // channels
    stays = (in_buffer == 0 and not any(passed_on)) or stores.membrane.size_bytes == 0
    replayed = layer.rounds < layer.timesteps or not one.computes
    in_pes = dataflow_of(setup.machine.array).sums_in_pes and not apart
    stay_in_pes = in_pes or replayed or stores.psum.size_bytes == 0
    return LifPorts(
        calls,
        counts.cycles.lif,
        channels,
        layer.state_variables,
        Fraction(in_buffer * channels, layer.lif_elements),
        None if stays else port_of(stores.membrane, counts.bits.membrane),
        port_of(stores.spike_out, counts.bits.spike_out),
        None if stay_in_pes else port_of(stores.psum, counts.bits.psum),
        passed_on,
    )
