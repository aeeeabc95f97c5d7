"""Where the ports of the buffers hold the array up, layer by layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from lifsim.accounting.counts import LayerCounts
from lifsim.accounting.own.array_work import array_work, lif_calls
from lifsim.accounting.own.port_work import LifPorts, lif_stalls, port_of, ports_of
from lifsim.accounting.own.window_work import WindowWork
from lifsim.accounting.protocol import Setup
from lifsim.hardware.array import Laid, dataflow_of, shape_of, sparsity_of
from lifsim.hardware.sram_ports import PortStalls
from lifsim.model.network import Layer
from lifsim.schedule.products import input_map_of, laid_out
from lifsim.schedule.traffic import Tiling


def with_port_stalls(
    setup: Setup, layer: Layer, counts: LayerCounts, tiling: Tiling, *, tick_batched: bool, apart: bool = False
) -> LayerCounts:
    """`counts`, which know no waiting, of `layer` cut as `tiling` says with its waits for SRAM ports. apart: whether
    its neurons are called when all its sums are in their buffer, with nothing to hide them."""
    array = setup.machine.array
    laid = laid_out(layer, shape_of(array), dataflow_of(array), tiling.cut, tick_batched=tick_batched)
    one = WindowWork(layer, setup.kept_of(layer))
    states = layer.lif_elements // setup.channels[layer.index]
    lifs = _lif_ports(setup, one, counts, tiling.held.all if tick_batched else states, apart=apart)
    waits = _array_waits(setup, one, counts, laid)
    return waiting(
        counts, waits + (PortStalls() if lifs is None else lif_stalls(lifs, laid, sparsity_of(array), one.kept))
    )


def with_window_port_stalls(
    setup: Setup, windows: Sequence[WindowWork], counts: LayerCounts, tiling: Tiling
) -> LayerCounts:
    """The same of a layer that runs in these `windows`. Membranes that pass from one to the next pass the ports of
    their buffer with the first and the last timestep of a window."""
    array, waits = setup.machine.array, PortStalls()
    for one in windows:
        laid = laid_out(one.layer, shape_of(array), dataflow_of(array), tiling.cut, tick_batched=True)
        lifs = _lif_ports(setup, one, counts, tiling.held.all)
        if lifs is not None:
            work = setup.memo.of(array_work, laid, sparsity_of(array), one.kept, lifs.calls)
            waits += lif_stalls(replace(lifs, waited=work.lif_cycles), laid, sparsity_of(array), one.kept)
        waits += _array_waits(setup, one, counts, laid)
    return waiting(counts, waits)


def _array_waits(setup: Setup, one: WindowWork, counts: LayerCounts, laid: Laid) -> PortStalls:
    """Of the array for what it reads, in one window, or at all timesteps."""
    sparsity, ports = sparsity_of(setup.machine.array), ports_of(setup.machine.stores, counts.bits)
    return setup.memo.of(sparsity.waits, one.kept, laid, input_map_of(one.layer, counts.bits.spike_in), ports)


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


def _lif_ports(
    setup: Setup, one: WindowWork, counts: LayerCounts, in_buffer: int, *, apart: bool = False
) -> LifPorts | None:
    """in_buffer: states of an image that are not in the array's registers."""
    layer, passed_on = one.layer, (one.opens, one.closes)
    calls = lif_calls(layer, setup.bank.pass_cycles, overlapped=setup.machine.lif.overlapped and not apart)
    if calls is None:
        return None
    stores = setup.machine.stores
    stays = (in_buffer == 0 and not any(passed_on)) or stores.membrane.size_bytes == 0
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
        passed_on,
    )
